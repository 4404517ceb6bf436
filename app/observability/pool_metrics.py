"""Metrics of the database's connections."""

from __future__ import annotations

from functools import partial
from weakref import WeakSet

from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from app.observability.metrics import metrics
from app.observability.metrics_queue import register

_watched: WeakSet[Engine] = WeakSet()


def watch(engine: Engine, most: int) -> None:
    """Count an engine's connections.

    Args:
        engine: the engine.
        most: how many connections it may open.
    """
    _watched.add(engine)
    event.listen(engine, "connect", partial(_opened, most))
    event.listen(engine, "close", _closed)


def _opened(most: int, _connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    metrics().database_most.set(most)
    metrics().database_open.inc()


def _closed(_connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    metrics().database_open.dec()


def _count_used() -> None:
    """Set the number in use, which is cheaper than an event for each."""
    pools = [engine.pool for engine in list(_watched)]
    metrics().database_in_use.set(
        sum(pool.checkedout() for pool in pools if isinstance(pool, QueuePool))
    )


register(_count_used)
