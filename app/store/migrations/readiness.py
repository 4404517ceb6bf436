"""Readiness: whether a save would succeed, tested by a write that is rolled back."""

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

from app.store.database import damage
from app.store.database.engine import transaction
from app.store.migrations import HEAD
from app.store.migrations.steps import is_newer, read_step

#: Seconds that the test waits for a writer, whose presence shows that saves succeed.
_PATIENCE = 0.2
#: Seconds for which a result is reused, and for which callers wait for one at most.
_FRESH, _LONGEST = 1.0, 2.0
#: Bytes that are written: a save with its index rows usually takes less.
_ROOM = 256 * 1024
#: Each reads the ends of a table, and so the pages that lead to them.
_LOOKS = (
    "SELECT max(id), min(id) FROM signatures",
    "SELECT length(coalesce(cms, cms_bytes)) FROM versions ORDER BY signature_id DESC LIMIT 1",
    "SELECT term FROM signature_terms ORDER BY term DESC LIMIT 1",
    "SELECT term FROM signature_terms ORDER BY term LIMIT 1",
)
#: PostgreSQL's code of a full disk.
_DISK_FULL = "53100"
#: With so little memory for sorting, these rows of 256 bytes go to a temporary file, which leaves
#: nothing behind: no row, no WAL, no work for a vacuum.
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
    """The last known state of a database, for all callers. Thread-safe.

    One thread tests the database at a time, at most once a second: callers need no token.
    """

    def __init__(self) -> None:
        self.seconds = _FRESH
        self._is_known = Condition()
        #: When the running test began, by the monotonic clock.
        self._began: float | None = None
        self._found: Fault | None = None
        #: The number of results so far, and until when the last one is valid.
        self._answers, self._good_until = 0, 0.0

    def find_fault(self, engine: Engine) -> Fault | None:
        """Return why a save would fail; None if it would succeed.

        Damage that a request met counts for some minutes: the test touches few parts of the files.
        """
        fault = self._find(engine)
        return Fault.UNUSABLE if fault is None and damage.was_met(engine) else fault

    def _find(self, engine: Engine) -> Fault | None:
        with self._is_known:
            if time.monotonic() < self._good_until:
                return self._found
            if self._began is None:
                self._began = time.monotonic()
                # In a thread of its own, which a hanging database may block: callers don't wait for
                # it.
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
        """Wait for another caller's result; a database that takes too long can't be saved to."""
        number, rest = self._answers, began + _LONGEST - time.monotonic()
        is_answered = self._is_known.wait_for(lambda: self._answers != number, rest)
        return self._found if is_answered else Fault.UNREACHABLE


def find_fault(engine: Engine) -> Fault | None:
    """Return why a save would fail; None if it would succeed."""
    try:
        with engine.connect() as connection:
            step = read_step(connection)
    except SQLAlchemyError as error:
        is_damaged = damage.is_damage(getattr(error, "orig", None))
        return _weigh_room(engine, Fault.UNUSABLE if is_damaged else Fault.UNREACHABLE)
    if step is None:
        return Fault.NOT_MIGRATED
    if step != HEAD:
        return Fault.NEWER if is_newer(step) else Fault.OLDER
    return _ask_file(engine) if engine.dialect.name == "sqlite" else _ask_server(engine)


def _ask_server(engine: Engine) -> Fault | None:
    """Test PostgreSQL, whose temporary files are beside the tables unless configured otherwise."""
    try:
        with transaction(engine) as connection:
            connection.execute(_LITTLE_MEMORY)
            _, is_read_only = connection.execute(_SORT, {"rows": _ROOM // 256}).one()
    except DBAPIError as error:
        if damage.is_damage(error.orig):
            return Fault.UNUSABLE
        code = getattr(error.orig, "sqlstate", None)
        return Fault.FULL if code == _DISK_FULL else Fault.UNREACHABLE
    except SQLAlchemyError:
        return Fault.UNREACHABLE
    return Fault.UNUSABLE if is_read_only == "on" else None


def _ask_file(engine: Engine) -> Fault | None:
    """Test a SQLite file with a separate connection.

    Those of the pool may have been opened while the file was read-only, and stay read-only.
    """
    # As a URI, in which a % or a # in the name would have a meaning.
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
    """Return FULL if a SQLite file's disk is full: SQLite reports that in several ways."""
    if engine.dialect.name == "sqlite":
        with suppress(OSError):
            if disk_usage(Path(str(engine.url.database)).parent).free < _ROOM:
                return Fault.FULL
    return fault


def _can_write(probe: sqlite3.Connection) -> bool:
    """Return whether a file can be written; raise sqlite3.Error if that fails."""
    try:
        # With no cache for changed pages, they are written to disk before the commit.
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
