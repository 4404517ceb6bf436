"""Whether a save would go through: asked of SQLite by writing, which is then undone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine

#: Seconds that the question waits for a writer, who is a sign that saves go through.
_PATIENCE = 0.2
#: Bytes that are written: a save with its rows of indexes takes less, as a rule.
_ROOM = 256 * 1024
#: Each looks at the ends of a table, and so at the pages that lead to them.
_LOOKS = (
    "SELECT max(id), min(id) FROM signatures",
    "SELECT length(cms) FROM versions ORDER BY signature_id DESC LIMIT 1",
    "SELECT term FROM signature_terms ORDER BY term DESC LIMIT 1",
    "SELECT term FROM signature_terms ORDER BY term LIMIT 1",
)


def takes_saves(engine: Engine) -> bool:
    """Return whether a SQLite file can be read and written, by a connection of its own.

    Those of the pool may have been opened while the file could only be read, and stay so.
    """
    if engine.dialect.name != "sqlite":
        return True
    # As an address, in which a % or a # of the name would mean something else.
    file = f"{Path(str(engine.url.database)).absolute().as_uri()}?mode=rw"
    try:
        with closing(sqlite3.connect(file, _PATIENCE, uri=True, isolation_level=None)) as probe:
            for look in _LOOKS:
                probe.execute(look).fetchall()
            return _can_write(probe)
    except sqlite3.Error:
        return False


def _can_write(probe: sqlite3.Connection) -> bool:
    try:
        # With no memory for changed pages, they go to the disk before there is a commit.
        probe.execute("PRAGMA cache_size = 1")
        probe.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
    probe.execute("CREATE TABLE probe (room BLOB)")
    probe.execute("INSERT INTO probe VALUES (zeroblob(?))", (_ROOM,))
    probe.execute("ROLLBACK")
    return True
