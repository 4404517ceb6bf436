"""Statements of the most frequent requests, compiled once and run without SQLAlchemy's overhead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, Select
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError

from app.store.database import damage, sessions

#: Renders $1 for the first value.
_DIALECT = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]


class _Compiled(NamedTuple):
    """A statement as it is sent, and the values that it takes, in order."""

    sql: str
    names: tuple[str, ...]
    constants: dict[str, Any]


class Prepared:
    """A statement that runs on PostgreSQL without SQLAlchemy's work for each execution.

    `Connection.execute` builds a context, binds and converts values, and wraps rows: 50 µs a
    request, while the driver needs 30 for everything. The driver converts to the same Python values
    (times by itself, JSON as SQLAlchemy registered it), so the results are the same. SQLite's
    driver does not, so there the statement is executed like any other.

    Parameters that are JSON must come as text.

    Args:
        statement: what is executed.
        kept: whether the server keeps it prepared, if the connection has a session of its own.
            PostgreSQL may then use a generic plan, so one plan must be good for all values.
        binary: whether its rows come in PostgreSQL's own formats: bytes as they are, instead of two
            hexadecimal digits each.
    """

    def __init__(
        self, statement: Select[*tuple[Any, ...]], *, kept: bool = False, binary: bool = False
    ) -> None:
        self.statement = statement
        self.kept = kept
        self.binary = binary
        self._compiled: WeakKeyDictionary[Engine, _Compiled] = WeakKeyDictionary()

    def fetch(self, connection: Connection, values: dict[str, Any]) -> Sequence[Sequence[Any]]:
        """Execute, and return all rows.

        Raises:
            sqlalchemy.exc.DBAPIError: as `Connection.execute` does.
        """
        if connection.dialect.name != "postgresql":
            return connection.execute(self.statement, values).all()
        session: sessions.Session = connection.info[sessions.SESSION]
        sql, given = self._fill(connection, values)
        with _translated(connection, sql):
            return session.fetch(sql.encode(), given, keep=self.kept, binary=self.binary)

    def stream(
        self, connection: Connection, values: dict[str, Any], size: int
    ) -> Iterator[Sequence[Any]]:
        """Execute, and yield the rows, fetching `size` at a time.

        Inside a transaction, as of `database.snapshot`.

        Raises:
            sqlalchemy.exc.DBAPIError: as `Connection.execute` does, now or when a row is taken.
        """
        if connection.dialect.name != "postgresql":
            options = {"yield_per": size}
            return iter(connection.execute(self.statement, values, execution_options=options))
        session: sessions.Session = connection.info[sessions.SESSION]
        sql, given = self._fill(connection, values)
        with _translated(connection, sql):
            rows = session.stream(sql.encode(), given, size, binary=self.binary)
            return _translating(connection, sql, rows)

    def _fill(self, connection: Connection, values: dict[str, Any]) -> tuple[str, list[Any]]:
        """Return the statement as it is sent, and its values in order."""
        sql, names, constants = self._compile(connection.engine)
        given = {**constants, **values}
        return sql, [given[name] for name in names]

    def _compile(self, engine: Engine) -> _Compiled:
        found = self._compiled.get(engine)
        if found is None:
            schemas = engine.get_execution_options().get("schema_translate_map")
            compiled = self.statement.compile(
                dialect=_DIALECT,
                schema_translate_map=schemas,
                render_schema_translate=bool(schemas),
            )
            names = tuple(compiled.positiontup or ())
            found = _Compiled(str(compiled), names, dict(compiled.params or {}))
            self._compiled[engine] = found
        return found


def _translating(
    connection: Connection, sql: str, rows: Iterator[tuple[Any, ...]]
) -> Iterator[tuple[Any, ...]]:
    with _translated(connection, sql):
        yield from rows


@contextmanager
def _translated(connection: Connection, sql: str) -> Iterator[None]:
    """Convert a driver's error into SQLAlchemy's; a lost connection is removed from the pool."""
    dialect = connection.dialect
    driver = dialect.loaded_dbapi
    try:
        yield
    except driver.Error as error:
        damage.note(connection.engine, error)
        lost = sessions.is_lost(connection, error)
        if lost:
            connection.invalidate(error)
            sessions.note_loss(connection.engine, error)
        raise DBAPIError.instance(
            sql,
            None,
            error,
            driver.Error,
            hide_parameters=True,
            connection_invalidated=lost,
            dialect=dialect,
        ) from error
