"""Statements of the busiest requests, compiled once and run on the driver's own cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, Select
from sqlalchemy.exc import DBAPIError


class Prepared:
    """A statement that PostgreSQL is given without SQLAlchemy's work around each execution.

    `Connection.execute` builds a context, binds and converts values, and wraps rows: 50 µs a
    request, where the driver needs 30 for everything. psycopg2 converts to the same Python values
    by itself (moments, and JSON by SQLAlchemy's registration), so nothing is lost. SQLite's driver
    doesn't, so there the statement is executed as any other.

    Parameters that are JSON must come as text.
    """

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        self.statement = statement
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
            cursor.execute(sql, {**constants, **values})
            return cursor.fetchall()  # All are here: there is nothing to close.
        except connection.dialect.loaded_dbapi.Error as error:
            raise self._translate(connection, sql, error) from error

    @staticmethod
    def _translate(connection: Connection, sql: str, error: Exception) -> BaseException:
        """Return SQLAlchemy's form of a driver's error; a lost connection leaves the pool."""
        dialect = connection.dialect
        lost = dialect.is_disconnect(error, connection.connection.dbapi_connection, None)  # type: ignore[arg-type]  # the driver's own
        if lost:
            connection.invalidate(error)
            # The others in the pool were lost in the same moment.
            connection.engine.dispose(close=False)
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
