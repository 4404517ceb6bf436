"""How the store speaks to its two databases: engine options, transactions, snapshots."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, Dialect, Engine, event
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from app.store.database import sessions, timeouts
from app.store.database.lower import SQLITE_NAME, write_small
from app.store.database.private_files import FILE_MODE, hand_over

#: Seconds that a SQLite writer waits for the others at most before it gives up.
SQLITE_BUSY_TIMEOUT = 30
#: Seconds that a writer waits who has something better to do.
SHORT_BUSY_TIMEOUT = 0.2
#: Seconds after which a pooled connection is tried before it is used.
IDLE_BEFORE_PING = 1.0
#: The execution option of a replica's engine under which that of its primary is found.
PRIMARY = "primary"
#: Connections that a process may open beyond one for each of its threads: for its health, for what
#: works in the background, and for two large answers, which have two each.
OVERFLOW = 4


def engine_options(
    url: URL, schema: str | None, connections: int, statement_timeout: float | None = None
) -> dict[str, Any]:
    """Options for `create_engine`.

    Args:
        url: of SQLite (a file) or PostgreSQL with psycopg.
        schema: PostgreSQL schema that holds the tables, or None.
        connections: how many threads of this process use the database at once.
        statement_timeout: seconds after which a statement is broken off, None: never.
    """
    options: dict[str, Any] = {
        # Most requests are one statement, which is atomic by itself: no BEGIN and COMMIT around
        # it. What needs more uses `transaction` or `snapshot`.
        "isolation_level": "AUTOCOMMIT",
        # Parameters are signatures and personal numbers; neither belongs in a log.
        "hide_parameters": True,
        "json_serializer": lambda value: orjson.dumps(value).decode(),
        "json_deserializer": orjson.loads,
        "pool_size": connections,
        "max_overflow": OVERFLOW,
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
    """Return parameters of libpq by which a vanished server is noticed in seconds.

    Of several servers the one that can be written is meant. What the URL says goes first.
    """
    defaults: dict[str, Any] = {
        "application_name": "tanbahana",
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
    """Attach to an engine what each of its connections needs. Connects to nothing.

    Args:
        engine: which is new.
        ping: whether connections to PostgreSQL that lay idle are tried before they are used.
    """
    if engine.dialect.name == "sqlite":
        event.listen(engine, "do_connect", _make_file)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _take_write_lock)
        event.listen(engine, "checkout", _leave_if_read_only)
    else:
        # Many rows are inserted by one statement, not by one each.
        engine.dialect.use_insertmanyvalues_wo_returning = True
        event.listen(engine, "connect", sessions.prepare)
        if ping:
            event.listen(engine, "checkin", _note_time)
            _ping_idle_ones(engine)
    timeouts.bound(engine)


def _make_file(
    _dialect: Dialect, _entry: ConnectionPoolEntry, arguments: list[Any], _more: dict[str, Any]
) -> None:
    """Make the file before SQLite does, for its owner alone, as its -wal and -shm are then."""
    with suppress(OSError):  # It is there, or SQLite says why it can't be.
        made = os.open(arguments[0], os.O_CREAT | os.O_EXCL | os.O_RDWR, FILE_MODE)
        try:
            hand_over(made, Path(arguments[0]).parent)
        finally:
            os.close(made)


def _prepare_sqlite(connection: Any, entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    # A commit is on the disk when it is acknowledged, power cut included.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()
    entry.info["is_new"] = True
    entry.info["is_read_only"] = not os.access(_file_of(connection), os.W_OK)
    connection.create_function(SQLITE_NAME, 1, write_small, deterministic=True)


def _file_of(connection: Any) -> str:
    file: str = connection.execute("PRAGMA database_list").fetchone()[2]
    return file


def _leave_if_read_only(
    _connection: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection
) -> None:
    """Open a file anew that could only be read when it was opened: such a connection stays so."""
    if entry.info["is_read_only"] and not entry.info.pop("is_new", False):
        raise DisconnectionError


def _take_write_lock(connection: Connection) -> None:
    # A writer that starts to read, and then finds another one ahead, fails at once; one that
    # asks for the lock first waits for its turn.
    if connection.get_execution_options().get("isolation_level") == "SERIALIZABLE":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _note_time(_connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
    entry.info["idle_since"] = time.monotonic()


def _ping_idle_ones(engine: Engine) -> None:
    """Try connections that lay idle: the server may have been restarted meanwhile.

    `pool_pre_ping` would do so before each request, for a tenth of the speed.
    """

    def ping_if_idle(
        connection: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection
    ) -> None:
        idle_since = entry.info.get("idle_since")
        if idle_since is None:
            return
        idle = time.monotonic() - idle_since
        if idle < IDLE_BEFORE_PING and not sessions.is_doubtful(engine, idle_since):
            return
        try:
            cursor = connection.cursor()
            cursor.execute("SELECT 1")
            cursor.close()
        except Exception as error:  # whatever the driver raises, the pool connects anew
            raise DisconnectionError from error

    event.listen(engine, "checkout", ping_if_idle)


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """A unit of writing: all of it, or nothing."""
    level = "SERIALIZABLE" if engine.dialect.name == "sqlite" else "READ COMMITTED"
    with engine.connect() as connection:
        connection.execution_options(isolation_level=level)
        with connection.begin():
            yield connection


def saving(engine: Engine) -> AbstractContextManager[Connection]:
    """A unit of one save: its statements on PostgreSQL stand each for itself, no transaction."""
    return transaction(engine) if engine.dialect.name == "sqlite" else engine.connect()


@contextmanager
def impatient(engine: Engine) -> Iterator[Connection]:
    """A connection for a write that may be left out: on SQLite it doesn't wait long for others."""
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
    """Return the engine of the server that an engine's server replicates; itself if it doesn't."""
    primary: Engine = engine.get_execution_options().get(PRIMARY, engine)
    return primary


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection that is `in_snapshot`."""
    with engine.connect() as connection, in_snapshot(connection):
        yield connection


@contextmanager
def in_snapshot(connection: Connection) -> Iterator[None]:
    """Make a connection one for a long answer, whose rows come through a server-side cursor.

    All statements see the same moment.
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
    """Make a connection one for statements that look into many rows to give a few.

    They see what those `in_snapshot` see. PostgreSQL compiles nothing for them: it would take
    longer to compile their subqueries than to run them.
    """
    with in_snapshot(connection):
        if connection.dialect.name == "postgresql":
            # For this transaction alone, which PgBouncer keeps in one session.
            connection.exec_driver_sql("SET LOCAL jit = off")
        yield
