"""Connections to PostgreSQL: how the most frequent statements run, and what a session keeps.

Values are always sent apart from the text of a statement: PostgreSQL logs none of them.
"""

from __future__ import annotations

import select
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from psycopg import OperationalError, RawCursor
from psycopg.adapt import Dumper, PyFormat, Transformer
from psycopg.errors import FeatureNotSupported, ReadOnlySqlTransaction, error_from_result
from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus
from psycopg.types.string import TextLoader
from psycopg.types.uuid import UUIDBinaryLoader
from sqlalchemy import Connection, Engine
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.pool import ConnectionPoolEntry


class _BinaryUuid(UUIDBinaryLoader):
    """Loads a UUID as text from what is not text."""

    def load(self, data: Any) -> Any:
        return str(super().load(data))


@dataclass(frozen=True, slots=True)
class Octets:
    """A text in UTF-8 that is sent as it stands: the driver would hold a copy of a `str`."""

    utf8: bytes


class _OctetsDumper(Dumper):
    """Sends them."""

    def dump(self, obj: Octets) -> bytes:
        return obj.utf8


#: The name in `Connection.info` of a connection's `Session`.
SESSION = "session"
#: Settings by which values are written and read; a server, a database or a role may have others.
_SETTINGS = {"DateStyle": "ISO", "TimeZone": "UTC", "standard_conforming_strings": "on"}
#: Statements that a session keeps at most.
_MOST = 100
#: Seconds within which it is noted once that a database only reads.
_ONCE_IN = 1.0
#: When a connection of an engine was last found to be lost.
_LOST_AT: WeakKeyDictionary[Engine, float] = WeakKeyDictionary()


def prepare(connection: Any, entry: ConnectionPoolEntry) -> None:
    """Prepare a connection before it is pooled. It is in autocommit."""
    for name, value in _SETTINGS.items():
        if value not in (connection.info.parameter_status(name) or ""):
            connection.execute(f"SET {name} = '{value}'")
    # Rows are as the driver creates them, and models expect text.
    connection.adapters.register_loader("uuid", TextLoader)
    connection.adapters.register_loader("uuid", _BinaryUuid)
    connection.adapters.register_dumper(Octets, _OctetsDumper)
    # `Session` decides what is kept.
    connection.prepare_threshold = None
    entry.info[SESSION] = Session(connection)


def is_lost(connection: Connection, error: Exception) -> bool:
    """Return whether a session ended, or is of no use: it is read-only for as long as it lasts.

    It is where it began while the database was, by its settings; another one may not be.
    """
    if isinstance(error, ReadOnlySqlTransaction):
        return True
    return connection.dialect.is_disconnect(
        error,  # type: ignore[arg-type]  # the driver's
        connection.connection.dbapi_connection,
        None,
    )


def leave_read_only(context: ExceptionContext) -> None:
    """Treat a session that is read-only as lost, as `is_lost` does, and others of its time."""
    if isinstance(context.original_exception, ReadOnlySqlTransaction):
        context.is_disconnect, context.invalidate_pool_on_disconnect = True, False
        if context.engine is not None:
            note_loss(context.engine, context.original_exception)


def is_read_only(connection: Any) -> bool:
    """Return whether a driver's connection can only read. Raises the driver's errors."""
    return bool(connection.execute("SHOW transaction_read_only").fetchone()[0] == "on")


def note_loss(engine: Engine, error: BaseException) -> None:
    """Record that a connection was lost by an error: the others usually are at the same time.

    Of a database that only reads once a second, lest all are tested for each write that it refuses.
    """
    now = time.monotonic()
    pause = _ONCE_IN if isinstance(error, ReadOnlySqlTransaction) else 0.0
    if now >= _LOST_AT.get(engine, now - pause) + pause:
        _LOST_AT[engine] = now


def is_doubtful(engine: Engine, idle_since: float) -> bool:
    """Return whether a connection may have been lost since it was last used."""
    return idle_since <= _LOST_AT.get(engine, 0.0)


class Session:
    """Runs statements with libpq's own functions, which wait in C while other threads work.

    The driver's cursor waits in Python for each piece of an answer: 30 to 60 µs a statement.
    """

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self._pgconn = connection.pgconn
        (pid,) = connection.execute("SELECT pg_backend_pid()").fetchone()
        #: Whether the connection has a session of its own. Behind a pooler each transaction may get
        #: another, so there is no backend process to report, and the pooler makes up its number.
        self.is_own = pid == connection.info.backend_pid
        #: A statement that is run before each other one, in its transaction.
        self.ahead: bytes | None = None
        #: Converts values and rows. It looks up how once for each type, which took 10 µs of each
        #: statement.
        self._transformer = Transformer(connection)
        self._kept: dict[bytes, bytes] = {}
        self._number = 0

    def fetch(
        self, sql: bytes, values: Sequence[Any], *, keep: bool, binary: bool = False
    ) -> list[tuple[Any, ...]]:
        """Run a statement, and return all rows.

        Args:
            sql: with $1 for the first value. PostgreSQL infers their types.
            values: values that the driver can write as text.
            keep: whether the server shall keep it, parsed and planned, where that can be.
            binary: whether the rows come in PostgreSQL's own formats, instead of text.
        """
        autocommit = self.connection.autocommit
        if not autocommit and self._pgconn.transaction_status == TransactionStatus.IDLE:
            return self._begin(sql, values, binary)
        transformer = self._transformer
        given = transformer.dump_sequence(values, [PyFormat.TEXT] * len(values))
        if self.ahead is not None and autocommit:
            result = self._run_behind(self.ahead, sql, given, binary)
        elif keep and self.is_own:
            result = self._run_kept(sql, given, binary)
        else:
            result = self._checked(self._pgconn.exec_params(sql, given, None, None, binary))
        transformer.set_pgresult(result)
        try:
            return transformer.load_rows(0, result.ntuples, tuple)
        finally:
            # An idle connection keeps no answer in memory.
            transformer.set_pgresult(None)

    def stream(
        self, sql: bytes, values: Sequence[Any], size: int, *, binary: bool = False
    ) -> Iterator[tuple[Any, ...]]:
        """Run a statement, and return its rows through a cursor, `size` at a time.

        Arguments are those of `fetch`. Inside a transaction, which is begun if necessary.
        """
        self._number += 1
        name = b"rows_%d" % self._number
        # The driver knows the kind of the transaction.
        kind = b"BINARY" if binary else b""
        RawCursor(self.connection).execute(
            b"DECLARE %s %s NO SCROLL CURSOR FOR %s" % (name, kind, sql), values
        )
        return self._rows_of(name, size)

    def _rows_of(self, name: bytes, size: int) -> Iterator[tuple[Any, ...]]:
        transformer = Transformer(self.connection)
        more = True
        while more:
            result = self._checked(self._pgconn.exec_(b"FETCH %d FROM %s" % (size, name)))
            transformer.set_pgresult(result)
            rows = transformer.load_rows(0, result.ntuples, tuple)
            more = len(rows) == size
            # No reference to the yielded rows is kept.
            transformer.set_pgresult(None)
            del result
            rows.reverse()
            while rows:
                yield rows.pop()
        self._checked(self._pgconn.exec_(b"CLOSE %s" % name))

    def _begin(self, sql: bytes, values: Sequence[Any], binary: bool) -> list[tuple[Any, ...]]:
        """Run the first statement of a transaction by the driver, which knows its kind."""
        cursor = RawCursor(self.connection)
        if self.ahead is not None:
            cursor.execute(self.ahead)
        return cursor.execute(sql, values, binary=binary).fetchall()

    def _run_kept(self, sql: bytes, given: Sequence[Any], binary: bool) -> Any:
        try:
            return self._run_named(sql, given, binary)
        except FeatureNotSupported:
            # A migration changed the type of one of its columns, so it was not executed.
            self._forget()
            return self._run_named(sql, given, binary)

    def _run_named(self, sql: bytes, given: Sequence[Any], binary: bool) -> Any:
        return self._checked(self._pgconn.exec_prepared(self._name(sql), given, None, binary))

    def _name(self, sql: bytes) -> bytes:
        """Return the name of a statement that is kept from now on."""
        name = self._kept.get(sql)
        if name is None:
            if len(self._kept) == _MOST:
                self._forget()
            self._number += 1
            name = b"kept_%d" % self._number
            self._checked(self._pgconn.prepare(name, sql))
            self._kept[sql] = name
        return name

    def _forget(self) -> None:
        self._checked(self._pgconn.exec_(b"DEALLOCATE ALL"))
        self._kept.clear()

    def _run_behind(self, ahead: bytes, sql: bytes, given: Sequence[Any], binary: bool) -> Any:
        """Run two statements without waiting in between.

        Everything sent before a Sync is one transaction (PostgreSQL's manual, "Pipelining").
        """
        pgconn = self._pgconn
        try:
            pgconn.enter_pipeline_mode()
            pgconn.send_query_params(ahead, None)
            pgconn.send_query_params(sql, given, None, None, binary)
            pgconn.pipeline_sync()
            while pgconn.flush():
                self._wait(select.POLLIN | select.POLLOUT)
            # The result of a statement is followed by None, both by that of the Sync.
            first, _ = self._next_result(), pgconn.get_result()
            second, _ = self._next_result(), pgconn.get_result()
            self._next_result()
            pgconn.exit_pipeline_mode()
        except BaseException:
            # Remaining results would be taken for the answer to another statement.
            self.connection.close()
            raise
        self._checked(first)
        return self._checked(second)

    def _next_result(self) -> Any:
        """Wait for a result; `get_result` would wait without letting other threads work."""
        while self._pgconn.is_busy():
            self._wait(select.POLLIN)
        return self._pgconn.get_result()

    def _wait(self, events: int) -> None:
        poll = select.poll()
        poll.register(self._pgconn.socket, events)
        poll.poll()
        self._pgconn.consume_input()

    def _checked(self, result: Any) -> Any:
        if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
            return result
        encoding = self.connection.info.encoding
        if result.error_field(DiagnosticField.SQLSTATE) is None:
            # Not an answer of the server: the connection is lost.
            raise OperationalError(result.get_error_message(encoding))
        raise error_from_result(result, encoding=encoding)
