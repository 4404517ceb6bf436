"""Texts of SQLite, read like a BLOB: in pieces, and without loading large ones.

Its SQL functions load a text to determine its size, and keep the memory while the statement is
open. A handle (https://www.sqlite.org/c3ref/blob_open.html) knows the size, and reads any part.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, literal_column
from sqlalchemy.exc import OperationalError

#: The row id of a version in SQLite, as a column.
ROWID: ColumnElement[int] = literal_column("versions.rowid")
_FIND = "SELECT rowid FROM versions WHERE signature_id = ? AND version = ?"


def find(
    connection: Connection, key: tuple[int, int], limit: int, rowid: int | None = None
) -> str | int | None:
    """Return the signature of a version if it has at most `limit` bytes; else its size.

    None if there is no such version.
    """
    with _opened(connection, key, rowid) as blob:
        if blob is None:
            return None
        size = len(blob)
        return size if size > limit else blob.read().decode()


def pieces(engine: Engine, key: tuple[int, int], size: int) -> Iterator[bytes]:
    """Read a text, `size` bytes at a time; nothing if there is no such version."""
    with engine.connect() as connection, _opened(connection, key) as blob:
        while blob is not None and (piece := blob.read(size)):
            yield piece


@contextmanager
def _opened(
    connection: Connection, key: tuple[int, int], rowid: int | None = None
) -> Iterator[sqlite3.Blob | None]:
    """Open a handle on the signature of a version; None if there is none."""
    driver: Any = connection.connection.dbapi_connection
    try:
        rowid = _rowid(driver, key) if rowid is None else rowid
        blob = None if rowid is None else _open(driver, rowid)
        if blob is None:
            yield None
            return
        with closing(blob):
            # From here on all reads see one snapshot. A row id is reused after the last row was
            # deleted: it may now be another version.
            yield blob if _rowid(driver, key) == rowid else None
    except sqlite3.Error as error:
        raise OperationalError(_FIND, None, error) from error


def _rowid(driver: Any, key: tuple[int, int]) -> int | None:
    row = driver.execute(_FIND, tuple(key)).fetchone()
    return None if row is None else row[0]


def _open(driver: Any, rowid: int) -> sqlite3.Blob | None:
    try:
        blob: sqlite3.Blob = driver.blobopen("versions", "cms", rowid, readonly=True)
    except sqlite3.OperationalError as error:
        if str(error).startswith("no such rowid"):
            return None
        raise
    return blob
