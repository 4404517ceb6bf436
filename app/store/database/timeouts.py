"""A time limit for each statement: after that it is cancelled and rolled back.

The engine's execution option OPTION holds the seconds; None, for commands: no limit.
"""

from __future__ import annotations

import sqlite3
import time
from typing import Any, LiteralString, Self

from psycopg import Cursor
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from app.store.database import sessions

OPTION = "statement_timeout"
#: Steps of SQLite's virtual machine after which the clock is read: a millisecond or two.
_STEPS = 100_000


def bound(engine: Engine) -> None:
    """Limit the statements of each connection that the engine will open."""

    def prepare(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        seconds = _seconds(engine)
        if seconds is None:
            return
        if engine.dialect.name == "sqlite":
            _bound_sqlite(connection, seconds)
        elif "statement_timeout" not in str(engine.url.query.get("options", "")):
            _bound_postgresql(entry.info[sessions.SESSION], seconds)

    event.listen(engine, "connect", prepare)


def lift(engine: Engine) -> None:
    """Remove the limit for connections that are opened from now on."""
    engine.update_execution_options(**{OPTION: None})


def bound_transaction(connection: Connection) -> None:
    """Limit the statements of a transaction that has begun, whose rows come through a cursor.

    A cursor's FETCH is a statement with a limit of its own.
    """
    seconds = _seconds(connection.engine)
    cursors = getattr(connection.connection.dbapi_connection, "cursor_factory", None)
    if seconds is not None and isinstance(cursors, type) and issubclass(cursors, _BoundCursor):
        connection.exec_driver_sql("SELECT 1")


def _seconds(engine: Engine) -> float | None:
    seconds: float | None = engine.get_execution_options().get(OPTION)
    return seconds


def _bound_postgresql(session: sessions.Session, seconds: float) -> None:
    """Limit a session, or each statement behind a pooler, which changes sessions."""
    milliseconds = round(seconds * 1000)
    if session.is_own:
        session.connection.execute(f"SET statement_timeout = {milliseconds}")
        return
    # Not SET LOCAL, for which a server logs a warning that no transaction has begun.
    setting = f"SELECT set_config('statement_timeout', '{milliseconds}', true)"
    session.ahead = setting.encode()
    session.connection.cursor_factory = type("BoundCursor", (_BoundCursor,), {"setting": setting})


class _BoundCursor(Cursor[Any]):
    """Sends a setting before each statement, without waiting for an answer in between.

    Everything sent before a Sync is one transaction (PostgreSQL's manual, "Pipelining").
    """

    setting: LiteralString = ""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        """Execute a statement."""
        with self.connection.pipeline():
            Cursor(self.connection).execute(self.setting)
            super().execute(query, params, **options)
        return self


def _bound_sqlite(connection: Any, seconds: float) -> None:
    clock = _Clock(seconds)
    connection.clock = clock
    connection.set_progress_handler(clock.is_over, _STEPS)


class _Clock:
    """Counts the time that SQLite spends on a statement, or on some of its rows."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.began = time.monotonic()

    def start(self) -> None:
        """Restart the clock."""
        self.began = time.monotonic()

    def is_over(self) -> bool:
        """Return whether SQLite has to cancel the statement."""
        return time.monotonic() - self.began > self.seconds


class BoundedCursor(sqlite3.Cursor):
    """Sets a limit for each call, as a server does for each FETCH."""

    def execute(self, *arguments: Any) -> BoundedCursor:
        """Execute a statement."""
        self._start()
        super().execute(*arguments)
        return self

    def executemany(self, *arguments: Any) -> BoundedCursor:
        """Execute a statement with many rows of values."""
        self._start()
        super().executemany(*arguments)
        return self

    def fetchone(self) -> Any:
        """Return the next row."""
        self._start()
        return super().fetchone()

    def fetchmany(self, *arguments: Any) -> list[Any]:
        """Return some rows."""
        self._start()
        return super().fetchmany(*arguments)

    def fetchall(self) -> list[Any]:
        """Return all other rows."""
        self._start()
        return super().fetchall()

    def _start(self) -> None:
        clock: _Clock | None = self.connection.clock  # type: ignore[attr-defined]
        if clock is not None:
            clock.start()


class BoundedConnection(sqlite3.Connection):
    """A connection with such cursors; `clock` is None where nothing is limited."""

    clock: _Clock | None = None

    def cursor(self, *_arguments: Any) -> BoundedCursor:  # type: ignore[override]  # no factory is given
        """Return a new cursor."""
        return super().cursor(BoundedCursor)
