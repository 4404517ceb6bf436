"""Whether a save would go through: asked of the database by writing, which is then undone."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, suppress
from enum import Enum
from pathlib import Path
from shutil import disk_usage
from threading import Condition, Thread

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app.store.database.engine import transaction
from app.store.migrations import HEAD
from app.store.migrations.steps import is_newer, read_step

#: Seconds that the question waits for a writer, who is a sign that saves go through.
_PATIENCE = 0.2
#: Seconds for which an answer is told to others who ask, and for which they wait for it at most.
_FRESH, _LONGEST = 1.0, 2.0
#: Bytes that are written: a save with its rows of indexes takes less, as a rule.
_ROOM = 256 * 1024
#: Each looks at the ends of a table, and so at the pages that lead to them.
_LOOKS = (
    "SELECT max(id), min(id) FROM signatures",
    "SELECT length(cms) FROM versions ORDER BY signature_id DESC LIMIT 1",
    "SELECT term FROM signature_terms ORDER BY term DESC LIMIT 1",
    "SELECT term FROM signature_terms ORDER BY term LIMIT 1",
)
#: PostgreSQL's code of a disk without room.
_DISK_FULL = "53100"
#: Sorted within so little memory, these rows of 256 bytes are written to a temporary file, which
#: leaves nothing behind: no row, no log, no work for a vacuum.
_LITTLE_MEMORY = text("SET LOCAL work_mem = '64kB'")
_SORT = text("""
    SELECT count(*), current_setting('transaction_read_only') FROM (
        SELECT repeat(md5(number::text), 8) AS row
        FROM generate_series(1, :rows) AS number ORDER BY row OFFSET 0
    ) AS sorted""")


class Fault(Enum):
    """Why a database can't be saved to."""

    UNREACHABLE = "it can't be reached"
    NOT_MIGRATED = "it was never migrated"
    OLDER = "it is at an older step than this program needs"
    NEWER = "it was migrated by a newer program"
    FULL = "its disk is full"
    UNUSABLE = "it is damaged, or can't be written"


class Readiness:
    """What a database was last found to be, for all who ask. Safe to share by threads.

    One asks the database at a time, and once a second at most: asking needs no token.
    """

    def __init__(self) -> None:
        self.seconds = _FRESH
        self._is_known = Condition()
        #: When the question that is under way began, by the monotonic clock.
        self._began: float | None = None
        self._found: Fault | None = None
        #: How many answers there were, and until when the last one is good.
        self._answers, self._good_until = 0, 0.0

    def find_fault(self, engine: Engine) -> Fault | None:
        """Return why a save would fail; None if it would go through."""
        with self._is_known:
            if time.monotonic() < self._good_until:
                return self._found
            if self._began is None:
                self._began = time.monotonic()
                # A thread of its own, which a database that hangs may keep: those who ask go on.
                Thread(target=self._ask, args=(engine,), name="readiness", daemon=True).start()
            return self._wait(self._began)

    def _ask(self, engine: Engine) -> None:
        found: Fault | None = Fault.UNREACHABLE
        try:
            found = find_fault(engine)
        finally:
            with self._is_known:
                self._found, self._began = found, None
                self._answers += 1
                self._good_until = time.monotonic() + self.seconds
                self._is_known.notify_all()

    def _wait(self, began: float) -> Fault | None:
        """Wait for what another one finds; a database that takes long can't be saved to now."""
        number, rest = self._answers, began + _LONGEST - time.monotonic()
        is_told = self._is_known.wait_for(lambda: self._answers != number, rest)
        return self._found if is_told else Fault.UNREACHABLE


def find_fault(engine: Engine) -> Fault | None:
    """Return why a save would fail; None if it would go through."""
    try:
        with engine.connect() as connection:
            step = read_step(connection)
    except SQLAlchemyError:
        return _weigh_room(engine, Fault.UNREACHABLE)
    if step is None:
        return Fault.NOT_MIGRATED
    if step != HEAD:
        return Fault.NEWER if is_newer(step) else Fault.OLDER
    return _ask_file(engine) if engine.dialect.name == "sqlite" else _ask_server(engine)


def _ask_server(engine: Engine) -> Fault | None:
    """Ask PostgreSQL, whose temporary files lie beside the tables unless it is told otherwise."""
    try:
        with transaction(engine) as connection:
            connection.execute(_LITTLE_MEMORY)
            _, is_read_only = connection.execute(_SORT, {"rows": _ROOM // 256}).one()
    except DBAPIError as error:
        code = getattr(error.orig, "sqlstate", None)
        return Fault.FULL if code == _DISK_FULL else Fault.UNREACHABLE
    except SQLAlchemyError:
        return Fault.UNREACHABLE
    return Fault.UNUSABLE if is_read_only == "on" else None


def _ask_file(engine: Engine) -> Fault | None:
    """Ask a SQLite file by a connection of its own.

    Those of the pool may have been opened while the file could only be read, and stay so.
    """
    # As an address, in which a % or a # of the name would mean something else.
    file = f"{Path(str(engine.url.database)).absolute().as_uri()}?mode=rw"
    try:
        with closing(sqlite3.connect(file, _PATIENCE, uri=True, isolation_level=None)) as probe:
            for look in _LOOKS:
                probe.execute(look).fetchall()
            return None if _can_write(probe) else Fault.UNUSABLE
    except sqlite3.Error as error:
        is_full = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
        return Fault.FULL if is_full else _weigh_room(engine, Fault.UNUSABLE)


def _weigh_room(engine: Engine, fault: Fault) -> Fault:
    """Return FULL if a SQLite file's disk has no room: SQLite says so in several ways."""
    if engine.dialect.name == "sqlite":
        with suppress(OSError):
            if disk_usage(Path(str(engine.url.database)).parent).free < _ROOM:
                return Fault.FULL
    return fault


def _can_write(probe: sqlite3.Connection) -> bool:
    """Return whether a file can be written; raise sqlite3.Error if it breaks on the way."""
    try:
        # With no memory for changed pages, they go to the disk before there is a commit.
        probe.execute("PRAGMA cache_size = 1")
        probe.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_FULL:
            raise
        return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
    probe.execute("CREATE TABLE probe (room BLOB)")
    probe.execute("INSERT INTO probe VALUES (zeroblob(?))", (_ROOM,))
    probe.execute("ROLLBACK")
    return True
