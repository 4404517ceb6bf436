"""How busy the database's connections are."""

from __future__ import annotations

from functools import partial

from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from app.observe.counters import DATABASE_IN_USE, DATABASE_MOST, DATABASE_OPEN

#: Marks a connection that is in use. One that fails before it is given out comes back, too.
_MARK = "qoltanba.in_use"


def watch(engine: Engine, most: int) -> None:
    """Count an engine's connections.

    Args:
        engine: after `database.prepare`, which may find a connection dead before it is counted.
        most: how many it may open.
    """
    event.listen(engine, "connect", partial(_opened, most))
    event.listen(engine, "close", _closed)
    event.listen(engine, "checkout", _taken)
    event.listen(engine, "checkin", _returned)


def _opened(most: int, _connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    DATABASE_MOST.set(most)
    DATABASE_OPEN.inc()


def _closed(_connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    DATABASE_OPEN.dec()


def _taken(
    _connection: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection
) -> None:
    entry.info[_MARK] = True
    DATABASE_IN_USE.inc()


def _returned(_connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
    if entry.info.pop(_MARK, False):
        DATABASE_IN_USE.dec()
