"""Whether PostgreSQL and its database are available: waits for the server, creates the database."""

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

#: Seconds between two attempts to connect, and that one attempt may take.
_ROUND = 0.25
_ANSWER = 2
#: Databases that exist on every server, or usually: one is connected to in order to create another.
_ALWAYS_THERE = ("postgres", "template1")

_HAS_SCHEMA = text("SELECT current_user, to_regnamespace(quote_ident(:schema)) IS NOT NULL")
_ROOM = text("""
    SELECT current_setting('server_encoding'), current_schema(), current_user,
        has_schema_privilege(current_schema(), 'CREATE')""")


class NotThere(Exception):
    """PostgreSQL, or a database in it, is not available. The text is one line with the remedy."""


def wait(url: URL, seconds: float, variable: str) -> None:
    """Wait until PostgreSQL accepts connections; a SQLite file needs none.

    Args:
        url: of the database.
        seconds: how long to wait.
        variable: the environment variable with the URL.

    Raises:
        NotThere: it does not within that time.
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
    """Create a missing PostgreSQL database; return whether it was created.

    If no other database can be connected to, it is unknown whether it is missing, and nothing is
    done: the first use reports the error.

    Args: url: of the database. variable: the environment variable with the URL.

    Raises: NotThere: it is missing, and the role may not create it.
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
    """Connect to another database of the same server; return None if none can be connected to."""
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
    # Not a copy of template1, which may have a different encoding.
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
        return False  # Another process created it at the same time.
    return True


def _is_there(connection: psycopg.Connection[Any], name: str) -> bool:
    found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name])
    return found.rowcount > 0


def ensure_schema(connection: Connection, schema: str) -> None:
    """Create a missing schema; an existing one needs no permission to create.

    Raises: NotThere: it is missing, and the role may not create it.
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
    """Require an encoding for any text, and permission to create tables where they are looked for.

    Raises: NotThere: one of them is missing.
    """
    encoding, schema, role, may = connection.execute(_ROOM).one()
    if encoding != "UTF8":
        raise NotThere(
            f"the database has the encoding {encoding}, and must have UTF8, for any text: "
            "name another one, which is created if it is missing"
        )
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
    """Return the arguments with which the engine opens its connections."""
    _, arguments = url.get_dialect()().create_connect_args(url)
    return {**postgresql_arguments(url), **arguments}
