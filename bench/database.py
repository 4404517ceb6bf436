"""The number of statements of a request, as counted by the database."""

from __future__ import annotations

import subprocess
import sys
from typing import Any, LiteralString

import psycopg

from bench.cases import Case
from bench.servers import PROJECT, WebServer, drive
from tests.postgresql import PostgresServer

#: Seed of the runs in which statements are counted, so that no other run uses their threads.
COUNTING_SEED = 0


class Statements:
    """A separate, migrated database, whose statements are counted by PostgreSQL."""

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

    def _ask(self, sql: LiteralString) -> list[Any]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []
