"""Sessions of PostgreSQL: what a new connection is told, and whether it has one of its own."""

from __future__ import annotations

import sys
import time
from typing import Any
from weakref import WeakKeyDictionary

from psycopg.types.string import TextLoader
from sqlalchemy import Engine
from sqlalchemy.pool import ConnectionPoolEntry

#: Under this name a pooled connection's `info` says whether it has a session of its own: behind a
#: pooler, each transaction may get another.
OWN = "has_own_session"
#: Executions after which the driver has a statement kept that wasn't said to be kept.
_NEVER = sys.maxsize
#: When a connection of an engine was last found to be lost.
_LOST_AT: WeakKeyDictionary[Engine, float] = WeakKeyDictionary()


def prepare(connection: Any, entry: ConnectionPoolEntry) -> None:
    """Make a connection ready, before it is pooled. It commits by itself."""
    # `Prepared` takes values as the driver gives them, and models ask for text.
    connection.adapters.register_loader("uuid", TextLoader)
    entry.info[OWN] = _has_own(connection)
    # What a session keeps, another one doesn't know.
    connection.prepare_threshold = _NEVER if entry.info[OWN] else None


def _has_own(connection: Any) -> bool:
    # A pooler can't tell the process of a session, since there is none; it makes a number up.
    (pid,) = connection.execute("SELECT pg_backend_pid()").fetchone()
    return bool(pid == connection.info.backend_pid)


def note_loss(engine: Engine) -> None:
    """Note that a connection was lost: the others, as a rule, were in the same moment."""
    _LOST_AT[engine] = time.monotonic()


def is_doubtful(engine: Engine, idle_since: float) -> bool:
    """Return whether a connection may have been lost since it was last used."""
    return idle_since <= _LOST_AT.get(engine, 0.0)
