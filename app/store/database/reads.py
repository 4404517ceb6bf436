"""Choosing the server for a read: a replica that is recent enough, else the primary.

A replica is used only if it has replayed the position that the primary reported less than a second
ago, after this server's last write: so a caller reads its own writes. This costs one more statement
for each read, which asks the replica for its position, or the primary, if no process knows it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from threading import Lock
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Connection, Engine, literal_column, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app.store.database.compiled_query import Prepared
from app.store.database.floor import Floor
from app.store.database.replicas import PassedOver, Replica

Answer = TypeVar("Answer")
#: Reads with a connection. Contexts that it enters into the stack are left afterwards, unless
#: popped.
Work = Callable[[Connection, ExitStack], Answer]
#: The context of a read, such as `database.in_snapshot`.
Unit = Callable[[Connection], AbstractContextManager[Any]]

#: An acknowledged write is on the primary's disk, unless it is configured not to wait for that.
_POSITION = Prepared(
    select(
        literal_column(
            "pg_wal_lsn_diff(CASE current_setting('synchronous_commit') WHEN 'off' "
            "THEN pg_current_wal_insert_lsn() ELSE pg_current_wal_flush_lsn() END, '0/0')::bigint",
            BigInteger,
        )
    )
)
#: PostgreSQL's code of a statement that timed out, as it would on another server.
_CANCELED = "57014"

_log = logging.getLogger(__name__)


class Reads:
    """Reads of one server.

    Args:
        primary: the engine that writes.
        replicas: those that may answer instead.
    """

    def __init__(self, primary: Engine, replicas: Sequence[Replica] = ()) -> None:
        self.primary = primary
        self.replicas = tuple(replicas)
        self._floor = Floor() if replicas else None
        self._asking = Lock()
        self._turn = 0

    def note_write(self) -> None:
        """Record that a request may have written something, before that is acknowledged."""
        if self._floor is not None:
            self._floor.note_write()

    def read(self, work: Work[Answer], unit: Unit | None = None) -> Answer:
        """Return the result of a read.

        It is repeated on the primary if the replica becomes unavailable during the read.

        Args:
            work: the read, which changes nothing.
            unit: its context; None: autocommit.

        Raises:
            SQLAlchemyError: the primary can't answer.
        """
        if self._floor is None:
            return _do(self.primary.connect(), work, unit)
        position = self._floor.find()
        replica = None if position is None else self._choose()
        if position is None or replica is None:
            return self._read_primary(work, unit, ask_position=position is None)
        try:
            return _do(replica.at(position), work, unit)
        except PassedOver:
            pass
        except SQLAlchemyError as error:
            if _is_final(error):
                raise
            if not isinstance(error, DBAPIError) or error.connection_invalidated:
                replica.lose(error)
        return self._read_primary(work, unit, ask_position=False)

    def _choose(self) -> Replica | None:
        """Return a replica that is ready, round robin."""
        self._turn += 1
        count = len(self.replicas)
        for number in range(count):
            replica = self.replicas[(self._turn + number) % count]
            if replica.is_ready():
                return replica
        return None

    def _read_primary(self, work: Work[Answer], unit: Unit | None, *, ask_position: bool) -> Answer:
        with ExitStack() as stack:
            connection = stack.enter_context(self.primary.connect())
            if ask_position and self._asking.acquire(blocking=False):
                try:
                    self._ask_position(connection)
                finally:
                    self._asking.release()
            if unit is not None:
                stack.enter_context(unit(connection))
            return work(connection, stack)

    def _ask_position(self, connection: Connection) -> None:
        """Ask the primary for its position. If it refuses, no replica is used."""
        asked_at = time.monotonic()
        try:
            [[position]] = _POSITION.fetch(connection, {})
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            _log.warning("no replica is used: the primary doesn't tell how far it is")
            return
        if self._floor is not None:
            self._floor.note_position(position, asked_at)

    def close(self) -> None:
        """Close the connections to replicas."""
        for replica in self.replicas:
            replica.close()


def _do(
    opened: AbstractContextManager[Connection], work: Work[Answer], unit: Unit | None
) -> Answer:
    with ExitStack() as stack:
        connection = stack.enter_context(opened)
        if unit is not None:
            stack.enter_context(unit(connection))
        return work(connection, stack)


def _is_final(error: SQLAlchemyError) -> bool:
    """Return whether a read would fail on another server as well: a timeout."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == _CANCELED
