"""One read replica of PostgreSQL: its availability, and its position."""

from __future__ import annotations

import logging
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from typing import Any

import psycopg
from psycopg.pq import ExecStatus
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from app.store.database import addresses
from app.store.database import engine as database

#: Seconds that a replica has to report its position, and after which an unavailable one is retried.
ANSWER = 0.5
AGAIN = 2.0
#: Seconds for which a replica that lags is skipped, and after which that is logged.
CATCH_UP = 0.2
LONG = 10.0
#: libpq parameters: an unavailable replica is detected sooner than the primary, since another
#: server can answer.
_IMPATIENT = {"connect_timeout": 2, "tcp_user_timeout": 3000}

#: NULL on a server that is not a replica, or no longer one.
_HOW_FAR = b"""
    SELECT CASE WHEN pg_is_in_recovery()
    THEN pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint END"""
#: Equal for a server and its replicas. Replicas of other servers have positions, too.
_SYSTEM = text("SELECT system_identifier FROM pg_control_system()")
_NO_REPLICA = "it is no replica"

_log = logging.getLogger(__name__)


class PassedOver(Exception):
    """A replica can't answer at the moment."""


def make_engine(url: URL, schema: str | None, connections: int, timeout: float | None) -> Engine:
    """Return an engine for a replica. Opens no connection."""
    options = database.engine_options(url, schema, connections, timeout)
    options["connect_args"] |= {
        name: value for name, value in _IMPATIENT.items() if name not in url.query
    }
    engine = create_engine(url, **options)
    # Its position is asked before each use: no other test is needed.
    database.prepare(engine, ping=False)
    return engine


class Replica:
    """A server that answers reads while it is available and recent enough.

    No request waits for an unavailable one: a thread retries it until it answers, and checks it
    before first use.

    Args:
        engine: its own, of `make_engine`.
        primary: the engine that of the server it replicates.
    """

    def __init__(self, engine: Engine, primary: Engine) -> None:
        self.engine = engine
        self._primary = primary
        # Data read later than the row are read from the same server, even if it became unavailable.
        engine.update_execution_options(**{database.PRIMARY: primary})
        self.name = addresses.describe(engine.url)
        self._is_there = False
        self._behind_since: float | None = None
        self._is_logged = False
        self._passed_over_until = 0.0
        self._lost_at = 0.0
        self._watching = Lock()
        self._closed = Event()
        self._thread: Thread | None = None
        event.listen(engine, "connect", self._note_time)
        event.listen(engine, "checkout", self._leave_if_lost)

    @staticmethod
    def _note_time(_connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        entry.info["made_at"] = time.monotonic()

    def _leave_if_lost(
        self,
        _connection: DBAPIConnection,
        entry: ConnectionPoolEntry,
        _proxy: PoolProxiedConnection,
    ) -> None:
        """Reopen a connection that existed when another one was lost, as it may be lost too."""
        if entry.info["made_at"] <= self._lost_at:
            raise DisconnectionError

    def is_ready(self) -> bool:
        """Return whether it can be asked; if it is unavailable, make sure that it is retried."""
        if not self._is_there:
            self._watch()
            return False
        return time.monotonic() >= self._passed_over_until

    @contextmanager
    def at(self, position: int) -> Iterator[Connection]:
        """Return a connection that sees everything committed up to a position.

        Raises:
            PassedOver: it is unavailable, no replica, or lags.
            SQLAlchemyError: it can't be reached.
        """
        with self.engine.connect() as connection:
            try:
                replayed = _ask(connection.connection.dbapi_connection)
            except (psycopg.Error, OSError) as error:
                connection.invalidate(error)
                raise PassedOver from self.lose(error)
            if replayed is None:
                raise PassedOver from self.lose(ValueError(_NO_REPLICA))
            self._compare(replayed, position)
            yield connection

    def _compare(self, replayed: int, position: int) -> None:
        """Raise PassedOver if it lags; log once if that lasts, and when it has caught up."""
        if replayed >= position:
            if self._is_logged:
                _log.warning("the replica %s has caught up", self.name)
            self._behind_since, self._is_logged = None, False
            return
        now = time.monotonic()
        self._passed_over_until = now + CATCH_UP
        self._behind_since = self._behind_since or now
        if now - self._behind_since > LONG and not self._is_logged:
            self._is_logged = True
            _log.warning("the replica %s is behind, and passed over", self.name)
        raise PassedOver

    def lose(self, error: Exception) -> Exception:
        """Stop using it until it answers again; return the error."""
        if self._is_there:
            self._is_there = False
            _log.warning("the replica %s is passed over: %s", self.name, _why(error))
        self._lost_at = time.monotonic()
        return error

    def _watch(self) -> None:
        """Start retrying it, unless that is in progress."""
        if self._watching.acquire(blocking=False):
            self._thread = Thread(target=self._try, name="replica", daemon=True)
            self._thread.start()

    def _try(self) -> None:
        logged = None
        try:
            while not self._closed.is_set():
                why = self._find_obstacle()
                if why is None:
                    self._is_there = True
                    _log.info("the replica %s answers reads", self.name)
                    return
                if why != logged:
                    _log.warning("the replica %s can't be used: %s", self.name, why)
                logged = why
                self._closed.wait(AGAIN)
        finally:
            self._watching.release()

    def _find_obstacle(self) -> str | None:
        """Return why it can't be used; None if it can."""
        try:
            with self.engine.connect() as connection:
                if _ask(connection.connection.dbapi_connection) is None:
                    return _NO_REPLICA
                own = connection.execute(_SYSTEM).scalar_one()
            with self._primary.connect() as connection:
                is_its = connection.execute(_SYSTEM).scalar_one() == own
        except (SQLAlchemyError, psycopg.Error, OSError) as error:
            self._lost_at = time.monotonic()
            return _why(error)
        return None if is_its else "it replicates another server"

    def close(self) -> None:
        """Stop retrying it, and close its connections."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()
        self.engine.dispose()


def _ask(connection: Any) -> int | None:
    """Return the position that a server has replayed; None if it is no replica.

    Uses libpq's own functions, in order not to wait for a server that has stopped answering.

    Raises:
        TimeoutError: it did not answer in time.
        psycopg.Error: the connection is lost, or the question was refused.
    """
    libpq = connection.pgconn
    libpq.send_query(_HOW_FAR)
    deadline = time.monotonic() + ANSWER
    answered = select.poll()
    answered.register(libpq.socket, select.POLLIN)
    found: int | None = None
    while True:
        libpq.flush()
        while libpq.is_busy():
            if not answered.poll(max(deadline - time.monotonic(), 0) * 1000):
                raise TimeoutError("it does not answer")
            libpq.consume_input()
        result = libpq.get_result()
        if result is None:
            return found
        if result.status != ExecStatus.TUPLES_OK:
            raise psycopg.OperationalError(result.error_message.decode(errors="replace"))
        value = result.get_value(0, 0)
        found = None if value is None else int(value)


def _why(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
