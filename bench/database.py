"""What the database itself says: statements a request, milliseconds a page."""

from __future__ import annotations

import re
import subprocess
import sys
from statistics import median
from typing import Any

import psycopg2
from sqlalchemy import create_engine, make_url

from app.store import database, reading
from app.store.criteria import Criteria
from app.store.reading import Carried
from bench.cases import Case
from bench.servers import PROJECT, WebServer, drive
from tests.postgresql import PostgresServer

#: Seed of the runs in which statements are counted, so that they share no thread with others.
COUNTING_SEED = 0


def filters(rows: int) -> dict[str, Criteria]:
    """Name the filters whose first page is timed."""
    rare, rarer = "rare-1", f"rare-{rows // 100 - 1}"
    both = ("common", rare)
    return {
        "rare tag": Criteria(tags=(rare,)),
        "common tag": Criteria(tags=("common",)),
        "any of a common and a rare tag": Criteria(tags=both),
        "all of a common and a rare tag": Criteria(tags=both, tags_mode="all"),
        "any of two common tags": Criteria(tags=("common", "other-1")),
        "any of two rare tags": Criteria(tags=(rare, rarer)),
        "all of two common tags that never meet": Criteria(
            tags=("common", "other-1"), tags_mode="all"
        ),
        "absent tag": Criteria(tags=("absent",)),
        "all of a common and an absent tag": Criteria(tags=("common", "absent"), tags_mode="all"),
        "document": Criteria(document=f"bench-{rows // 2}"),
        "nothing": Criteria(),
    }


class Statements:
    """A database of its own, migrated, whose statements are counted by PostgreSQL."""

    def __init__(self, server: PostgresServer, name: str) -> None:
        server.create_database(name)
        self.url = server.database_url(name)
        subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"],
            cwd=PROJECT,
            env={"DATABASE_URL": self.url},
            check=True,
        )
        self._ask("CREATE EXTENSION pg_stat_statements")

    def of_one_request(self, server: WebServer, case: Case, rows: int, cms: str) -> float:
        """Count the statements that one request of a case needs, BEGIN and COMMIT included."""
        self._ask("SELECT pg_stat_statements_reset()")
        lua = case.lua(rows=rows, seed=COUNTING_SEED, cms=cms)
        load = drive(server, lua, 1)
        ((calls,),) = self._ask(
            "SELECT sum(calls) FROM pg_stat_statements JOIN pg_database d ON d.oid = dbid "
            "WHERE datname = current_database()"
        )
        return float(calls) / load.per_second

    def _ask(self, sql: str) -> list[Any]:
        connection = psycopg2.connect(self.url)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql)
            rows = cursor.fetchall() if cursor.description else []
        connection.close()
        return rows


def in_database(url: str, criteria: Criteria) -> float:
    """Give the milliseconds that PostgreSQL plans and executes a first page; median of 7."""
    address = make_url(url).set(drivername="postgresql+psycopg2")
    engine = create_engine(address, **database.engine_options(address, None, 1))
    statement = reading.page_statement(
        "postgresql", criteria.shape, limited=True, carried=Carried()
    )
    compiled = statement.statement.compile(engine)
    values = {**compiled.params, **reading.page_parameters(criteria, limit=20, offset=0)}
    times = []
    with engine.connect() as connection:
        for _ in range(7):
            plan = connection.exec_driver_sql("EXPLAIN (ANALYZE, SUMMARY) " + str(compiled), values)
            lines = "\n".join(row[0] for row in plan)
            parts = re.findall(r"(?:Planning|Execution) Time: ([\d.]+)", lines)
            times.append(sum(float(part) for part in parts))
    engine.dispose()
    return median(times)
