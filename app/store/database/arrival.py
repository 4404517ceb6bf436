"""Whether PostgreSQL is there, and the database in it: waited for, and made where it is missing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn, Ping
from sqlalchemy import Connection, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ProgrammingError

from app.store.database import addresses
from app.store.database.engine import postgresql_arguments

#: Seconds between two questions whether it is there, and that an answer may take.
_ROUND = 0.25
_ANSWER = 2
#: Databases that are there in every server, or are as a rule: one is entered to make another.
_ALWAYS_THERE = ("postgres", "template1")

_HAS_SCHEMA = text("SELECT current_user, to_regnamespace(quote_ident(:schema)) IS NOT NULL")
_ROOM = text("""
    SELECT current_schema(), current_user,
        has_schema_privilege(current_schema(), 'CREATE')""")


class NotThere(Exception):
    """PostgreSQL, or a database in it, isn't there. The text is one line that says what to do."""


def wait(url: URL, seconds: float, variable: str) -> None:
    """Wait until PostgreSQL accepts connections; a SQLite file needs none.

    Args:
        url: of the database.
        seconds: how long.
        variable: the one that says where it is.

    Raises:
        NotThere: it doesn't in that time.
    """
    if url.get_backend_name() != "postgresql":
        return
    asked = make_conninfo(**{**_arguments(url), "connect_timeout": _ANSWER}).encode()
    deadline = time.monotonic() + seconds
    while (found := Ping(PGconn.ping(asked))) != Ping.OK:
        if found == Ping.NO_ATTEMPT:
            raise NotThere(f"{variable} has parameters that can't be used to connect to PostgreSQL")
        if time.monotonic() >= deadline:
            why = "is starting or stopping" if found == Ping.REJECT else "does not answer"
            raise NotThere(
                f"the database can't be used: {variable} leads to {addresses.describe(url)}, "
                f"which {why} ({seconds:g} s of waiting)"
            )
        time.sleep(_ROUND)


def ensure_database(url: URL, variable: str) -> bool:
    """Make a PostgreSQL database that is missing; return whether it was.

    Where it is not known whether it is, because no other database can be entered, nothing is done:
    the first use says what is wrong.

    Args:
        url: of the database.
        variable: the one that names it.

    Raises:
        NotThere: it is missing, and the role may not make it.
    """
    if url.get_backend_name() != "postgresql":
        return False
    arguments = _arguments(url)
    try:
        psycopg.connect(**arguments).close()
    except psycopg.OperationalError:
        with _beside(arguments) as connection:
            if connection is None:
                return False
            name = str(arguments.get("dbname") or connection.info.user)
            return _make(connection, name, variable)
    return False


@contextmanager
def _beside(arguments: dict[str, Any]) -> Iterator[psycopg.Connection[Any] | None]:
    """Enter another database of the same server; give None if there is none that can be."""
    for name in _ALWAYS_THERE:
        try:
            connection = psycopg.connect(**{**arguments, "dbname": name}, autocommit=True)
        except psycopg.OperationalError:
            continue
        with connection:
            yield connection
        return
    yield None


def _make(connection: psycopg.Connection[Any], name: str, variable: str) -> bool:
    if _is_there(connection, name):
        return False
    # Not a copy of template1, which may have another encoding.
    make = sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0")
    try:
        connection.execute(make.format(sql.Identifier(name)))
    except errors.InsufficientPrivilege as error:
        role = connection.info.user
        raise NotThere(
            f'{variable}: there is no database "{name}", and the role "{role}" may not make it: '
            f'have a superuser run CREATE DATABASE "{name}" OWNER "{role}" ENCODING \'UTF8\' '
            "TEMPLATE template0"
        ) from error
    except (errors.DuplicateDatabase, errors.UniqueViolation):
        return False  # Another process has made it in the same moment.
    return True


def _is_there(connection: psycopg.Connection[Any], name: str) -> bool:
    found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name])
    return found.rowcount > 0


def ensure_schema(connection: Connection, schema: str) -> None:
    """Make a schema that is missing; one that is there takes no right to make any.

    Raises:
        NotThere: it is missing, and the role may not make it.
    """
    role, is_there = connection.execute(_HAS_SCHEMA, {"schema": schema}).one()
    if is_there:
        return
    try:
        connection.exec_driver_sql(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
    except ProgrammingError as error:
        if not isinstance(error.orig, errors.InsufficientPrivilege):
            raise
        raise NotThere(
            f'PG_SCHEMA: there is no schema "{schema}", and the role "{role}" may not make it: '
            f'have the owner of the database run CREATE SCHEMA "{schema}" AUTHORIZATION "{role}"'
        ) from error


def require_room(connection: Connection) -> None:
    """Demand that tables can be made where a connection finds them.

    Raises:
        NotThere: they can't.
    """
    schema, role, may = connection.execute(_ROOM).one()
    if schema is None:
        raise NotThere(
            f'the role "{role}" may use no schema that it finds by itself: set PG_SCHEMA, or have '
            f'the owner of one run GRANT USAGE, CREATE ON SCHEMA … TO "{role}"'
        )
    if not may:
        raise NotThere(
            f'the role "{role}" may not make tables in the schema "{schema}": have its owner run '
            f'GRANT CREATE ON SCHEMA "{schema}" TO "{role}", or set PG_SCHEMA'
        )


def _arguments(url: URL) -> dict[str, Any]:
    """Return what the engine's connections are opened with."""
    _, arguments = url.get_dialect()().create_connect_args(url)
    return {**postgresql_arguments(url), **arguments}
