"""Statements of the busiest requests, compiled once and run on the driver's own cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from psycopg.errors import FeatureNotSupported
from sqlalchemy import Connection, Engine, Select
from sqlalchemy.exc import DBAPIError

from app.store import sessions


class Prepared:
    """A statement that PostgreSQL is given without SQLAlchemy's work around each execution.

    `Connection.execute` builds a context, binds and converts values, and wraps rows: 50 µs a
    request, where the driver needs 30 for everything. psycopg converts to the same Python values
    by itself (moments, and JSON by SQLAlchemy's registration), so nothing is lost. SQLite's driver
    doesn't, so there the statement is executed as any other.

    Parameters that are JSON must come as text.

    Args:
        statement: what is executed.
        kept: whether the server keeps it, parsed and planned, where the connection has a session
            of its own. It finds a plan for any values then, so there must be one that is good for
            all of them.
    """

    def __init__(self, statement: Select[*tuple[Any, ...]], *, kept: bool = False) -> None:
        self.statement = statement
        self.kept = kept
        self._compiled: WeakKeyDictionary[Engine, tuple[str, dict[str, Any]]] = WeakKeyDictionary()

    def fetch(self, connection: Connection, values: dict[str, Any]) -> Sequence[Sequence[Any]]:
        """Execute, and give all rows.

        Raises:
            sqlalchemy.exc.DBAPIError: as `Connection.execute` does.
        """
        if connection.dialect.name != "postgresql":
            return connection.execute(self.statement, values).all()
        sql, constants = self._compile(connection.engine)
        try:
            cursor = connection.connection.cursor()
            self._execute(cursor, sql, {**constants, **values})
            return cursor.fetchall()  # All are here: there is nothing to close.
        except connection.dialect.loaded_dbapi.Error as error:
            raise self._translate(connection, sql, error) from error

    def _execute(self, cursor: Any, sql: str, values: dict[str, Any]) -> None:
        try:
            cursor.execute(sql, values, prepare=self.kept)
        except FeatureNotSupported:
            if not self.kept:
                raise
            # A migration changed the type of a column of what is kept, so it was not executed.
            cursor.execute("DEALLOCATE ALL")
            cursor.execute(sql, values, prepare=True)

    @staticmethod
    def _translate(connection: Connection, sql: str, error: Exception) -> BaseException:
        """Return SQLAlchemy's form of a driver's error; a lost connection leaves the pool."""
        dialect = connection.dialect
        lost = dialect.is_disconnect(error, connection.connection.dbapi_connection, None)  # type: ignore[arg-type]  # the driver's own
        if lost:
            connection.invalidate(error)
            sessions.note_loss(connection.engine)
        return DBAPIError.instance(
            sql,
            None,
            error,
            dialect.loaded_dbapi.Error,
            hide_parameters=True,
            connection_invalidated=lost,
            dialect=dialect,
        )

    def _compile(self, engine: Engine) -> tuple[str, dict[str, Any]]:
        found = self._compiled.get(engine)
        if found is None:
            schemas = engine.get_execution_options().get("schema_translate_map")
            compiled = self.statement.compile(
                engine, schema_translate_map=schemas, render_schema_translate=bool(schemas)
            )
            found = self._compiled[engine] = (str(compiled), dict(compiled.params or {}))
        return found
