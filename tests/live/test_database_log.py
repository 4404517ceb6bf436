"""What PostgreSQL's log says of people, with the settings that docs/security.md names."""

from __future__ import annotations

import re
from collections.abc import Iterator

import psycopg2
import pytest
from sqlalchemy import bindparam, create_engine, text
from sqlalchemy.exc import DBAPIError

from tests.live.server import PROJECT
from tests.postgresql import PostgresServer

pytestmark = pytest.mark.attacks

IIN = "900101300017"
#: Each is an error whose statement or details have a value in it.
FAILING = (
    "INSERT INTO people VALUES (:iin), (:iin)",
    "SELECT pg_sleep(3), CAST(:iin AS text)",
    "SELECT CAST(:iin || 'x' AS text), nothing FROM people",
    "INSERT INTO short VALUES (:iin)",
    "INSERT INTO checked VALUES (:iin)",
    "SELECT pg_sleep(0.2), CAST(:iin AS text)",
)


def stated() -> dict[str, str]:
    """Give the settings of PostgreSQL that the page names."""
    page = (PROJECT / "docs" / "security.md").read_text()
    return dict(re.findall(r"^ALTER ROLE qoltanba SET (\w+) = '?([-\w]+)'?;", page, re.MULTILINE))


@pytest.fixture(name="database", params=[False, True], ids=["usual", "as stated"])
def start_database(request: pytest.FixtureRequest) -> Iterator[tuple[PostgresServer, bool]]:
    """Give a server that logs what is slow, without and with these settings for its role."""
    settings = {"log_min_duration_statement": "100", "log_statement": "mod"}
    with PostgresServer(durable=False, settings=settings) as server:
        connection = psycopg2.connect(server.url)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("CREATE ROLE qoltanba LOGIN")
            cursor.execute("CREATE TABLE people (iin text UNIQUE)")
            cursor.execute("CREATE TABLE short (iin varchar(3) CHECK (length(iin) < 3))")
            cursor.execute("CREATE TABLE checked (iin text CHECK (iin < '8'))")
            cursor.execute("GRANT ALL ON people, short, checked TO qoltanba")
            for name, value in stated().items() if request.param else ():
                cursor.execute(f"ALTER ROLE qoltanba SET {name} = '{value}'")
        connection.close()
        yield server, request.param


def test_personal_numbers_stay_out_of_the_log(database: tuple[PostgresServer, bool]) -> None:
    server, is_as_stated = database
    assert len(stated()) >= 4
    engine = create_engine(
        server.url.replace("postgres@", "qoltanba@").replace("://", "+psycopg2://"),
        connect_args={"options": "-cstatement_timeout=1000"},
        hide_parameters=True,
    )
    told: list[str] = []
    for statement in FAILING:
        with engine.connect() as connection:
            try:
                connection.execute(text(statement).bindparams(bindparam("iin", IIN)))
            except DBAPIError as error:
                connection.rollback()
                told.append(str(error).partition("\n")[0])
    engine.dispose()
    assert len(told) == 5
    assert not [line for line in told if IIN in line]
    log = (server.folder / "log").read_text()
    assert "ERROR" in log
    assert (IIN in log) is not is_as_stated
