"""How the store uses its two databases: engine options, transactions, snapshots."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from app.store.database import base64_text, damage, sessions, sqlite_file, timeouts
from app.store.database.lower import SQLITE_NAME, write_small

#: Seconds after which a SQLite writer that waits for others gives up.
SQLITE_BUSY_TIMEOUT = 30
#: Seconds that a writer waits whose write is optional.
SHORT_BUSY_TIMEOUT = 0.2
#: Seconds after which a pooled connection is tested before it is used.
IDLE_BEFORE_PING = 1.0
#: The execution option of a replica's engine that holds its primary's engine.
PRIMARY = "primary"
#: Connections that a process may open beyond one for each of its threads: for health checks, for
#: background work, for two large answers, which need two each, and for searches that take long,
#: whose threads others have meanwhile.
OVERFLOW = 6


def engine_options(
    url: URL, schema: str | None, connections: int, statement_timeout: float | None = None
) -> dict[str, Any]:
    """Return options for `create_engine`.

    Args:
        url: of SQLite (a file) or PostgreSQL with psycopg.
        schema: PostgreSQL schema that holds the tables, or None.
        connections: how many threads of this process use the database at once.
        statement_timeout: seconds after which a statement is cancelled, None: never.
    """
    options: dict[str, Any] = {
        # Most requests are one statement, which is atomic by itself: no BEGIN and COMMIT around it.
        # Code that needs more uses `transaction` or `snapshot`.
        "isolation_level": "AUTOCOMMIT",
        # Parameters contain signatures and personal numbers, which must not be logged.
        "hide_parameters": True,
        "json_serializer": lambda value: orjson.dumps(value).decode(),
        "json_deserializer": orjson.loads,
        # One more stays open for background work: that is done each few seconds, and would open
        # and close one each time while requests have all the others.
        "pool_size": connections + 1,
        "max_overflow": OVERFLOW - 1,
        "pool_timeout": 10,
        "pool_use_lifo": True,
        "execution_options": {timeouts.OPTION: statement_timeout},
    }
    if schema is not None:
        # Not search_path: PgBouncer in transaction mode gives each transaction another session.
        options["execution_options"]["schema_translate_map"] = {None: schema}
    if url.get_backend_name() == "sqlite":
        options["connect_args"] = {
            "timeout": min(statement_timeout or SQLITE_BUSY_TIMEOUT, SQLITE_BUSY_TIMEOUT),
            "check_same_thread": False,
            "factory": timeouts.BoundedConnection,
        }
    else:
        options["use_native_hstore"] = False
        options["connect_args"] = postgresql_arguments(url)
    return options


def postgresql_arguments(url: URL) -> dict[str, Any]:
    """Return libpq parameters that detect a vanished server within seconds.

    Of several servers the writable one is used. Parameters in the URL have precedence.
    """
    defaults: dict[str, Any] = {
        "application_name": "tanbahana",
        "client_encoding": "UTF8",  # Else the database's, or that of PGCLIENTENCODING.
        "connect_timeout": 5,  # seconds
        "keepalives_idle": 30,  # seconds
        "keepalives_interval": 10,  # seconds
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,  # milliseconds
    }
    hosts = url.query.get("host", "")
    if "," in hosts or not isinstance(hosts, str):
        attributes = os.environ.get("PGTARGETSESSIONATTRS") or "read-write"
        defaults["target_session_attrs"] = attributes
    return {name: value for name, value in defaults.items() if name not in url.query}


def prepare(engine: Engine, *, ping: bool = True) -> None:
    """Register the event handlers that an engine's connections need. Opens no connection.

    Args:
        engine: a new one.
        ping: whether idle connections to PostgreSQL are tested before they are used.
    """
    if engine.dialect.name == "sqlite":
        sqlite_file.watch(engine)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _take_write_lock)
    else:
        # Many rows are inserted by one statement, not one each.
        engine.dialect.use_insertmanyvalues_wo_returning = True
        event.listen(engine, "connect", sessions.prepare)
        event.listen(engine, "handle_error", sessions.leave_read_only)
        if ping:
            event.listen(engine, "checkin", _note_time)
            _ping_idle_ones(engine)
    event.listen(engine, "handle_error", damage.translate, retval=True)
    timeouts.bound(engine)


def _prepare_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    # A commit is on disk when it is acknowledged, even if the power fails.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()
    connection.create_function(SQLITE_NAME, 1, write_small, deterministic=True)
    connection.create_function(
        base64_text.SQLITE_NAME, 1, base64_text.encode_or_none, deterministic=True
    )


def _take_write_lock(connection: Connection) -> None:
    # A reader that becomes a writer after another one fails immediately; one that asks for the lock
    # first waits for its turn.
    if connection.get_execution_options().get("isolation_level") == "SERIALIZABLE":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _note_time(_connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
    entry.info["idle_since"] = time.monotonic()


def _ping_idle_ones(engine: Engine) -> None:
    """Test idle connections: the server may have been restarted meanwhile.

    `pool_pre_ping` would do so before each request, which costs a tenth of the throughput.
    """

    def ping_if_idle(
        connection: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection
    ) -> None:
        idle_since = entry.info.get("idle_since")
        if idle_since is None:
            return
        idle = time.monotonic() - idle_since
        is_doubtful = sessions.is_doubtful(engine, idle_since)
        if idle < IDLE_BEFORE_PING and not is_doubtful:
            return
        try:
            is_read_only = sessions.is_read_only(connection)
        except Exception as error:  # the pool reconnects after any error of the driver
            raise DisconnectionError from error
        if is_doubtful and is_read_only:
            raise DisconnectionError

    event.listen(engine, "checkout", ping_if_idle)


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """Open a write transaction: all of it, or nothing.

    Raises OperationalError if SQLite's file is not at its path any more after the commit.
    """
    level = "SERIALIZABLE" if engine.dialect.name == "sqlite" else "READ COMMITTED"
    with engine.connect() as connection:
        connection.execution_options(isolation_level=level)
        with connection.begin():
            yield connection
        if engine.dialect.name == "sqlite":
            sqlite_file.require_same(connection)


def saving(engine: Engine) -> AbstractContextManager[Connection]:
    """Open a connection for one save: on PostgreSQL without a transaction, in autocommit."""
    return transaction(engine) if engine.dialect.name == "sqlite" else engine.connect()


@contextmanager
def impatient(engine: Engine) -> Iterator[Connection]:
    """Open a connection for an optional write: on SQLite it doesn't wait long for others."""
    with engine.connect() as connection:
        if engine.dialect.name != "sqlite":
            yield connection
            return
        _set_patience(connection, SHORT_BUSY_TIMEOUT)
        try:
            yield connection
        finally:
            _set_patience(connection, SQLITE_BUSY_TIMEOUT)


def _set_patience(connection: Connection, seconds: float) -> None:
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {round(seconds * 1000)}")


def primary_of(engine: Engine) -> Engine:
    """Return the engine of the primary of a replica's engine; the engine itself for a primary."""
    primary: Engine = engine.get_execution_options().get(PRIMARY, engine)
    return primary


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """Open a connection that is `in_snapshot`."""
    with engine.connect() as connection, in_snapshot(connection):
        yield connection


@contextmanager
def in_snapshot(connection: Connection) -> Iterator[None]:
    """Prepare a connection for a long answer, whose rows come through a server-side cursor.

    All statements see the same snapshot.
    """
    if connection.dialect.name == "sqlite":
        # SQLAlchemy would begin it as a writer's. The pool ends it.
        connection.connection.cursor().execute("BEGIN")
    else:
        connection.execution_options(isolation_level="REPEATABLE READ")
        timeouts.bound_transaction(connection)
    yield


@contextmanager
def in_survey(connection: Connection) -> Iterator[None]:
    """Prepare a connection for statements that read many rows to return few.

    They see one snapshot, as with `in_snapshot`. JIT is off on PostgreSQL: compiling their
    subqueries would take longer than running them.
    """
    with in_snapshot(connection):
        if connection.dialect.name == "postgresql":
            # For this transaction only, which PgBouncer keeps in one session.
            connection.exec_driver_sql("SET LOCAL jit = off")
        yield
