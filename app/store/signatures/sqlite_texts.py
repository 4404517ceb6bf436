"""Signatures in SQLite, read like a BLOB: in pieces, and without loading large ones.

Its SQL functions load a text to determine its size, and keep the memory while the statement is
open. A handle (https://www.sqlite.org/c3ref/blob_open.html) knows the size, and reads any part.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, literal_column
from sqlalchemy.exc import OperationalError

from app.store.database import base64_text, damage

#: The row id of a version in SQLite, as a column.
ROWID: ColumnElement[int] = literal_column("versions.rowid")
_FIND = "SELECT rowid FROM versions WHERE signature_id = ? AND version = ?"


@dataclass(frozen=True, slots=True)
class _Handle:
    """An open handle on a signature: on its text, or on the bytes that it is the base64 of."""

    blob: sqlite3.Blob
    is_packed: bool

    @property
    def size(self) -> int:
        """Bytes of the text."""
        size = len(self.blob)
        return (size + 2) // 3 * 4 if self.is_packed else size

    def read(self, size: int) -> bytes:
        """Return the next bytes of the text, `size` at most, whole groups of base64."""
        if not self.is_packed:
            return self.blob.read(size)
        return base64_text.encode(self.blob.read(size // 4 * 3)).encode()

    def close(self) -> None:
        self.blob.close()


def find(
    connection: Connection, key: tuple[int, int], limit: int, rowid: int | None = None
) -> str | int | None:
    """Return the signature of a version if it has at most `limit` bytes; else its size.

    None if there is no such version.
    """
    with _opened(connection, key, rowid) as blob:
        if blob is None:
            return None
        size = blob.size
        return size if size > limit else blob.read(size).decode()


def pieces(engine: Engine, key: tuple[int, int], size: int) -> Iterator[bytes]:
    """Read a text, `size` bytes at a time; nothing if there is no such version."""
    with engine.connect() as connection, _opened(connection, key) as blob:
        while blob is not None and (piece := blob.read(size)):
            yield piece


@contextmanager
def _opened(
    connection: Connection, key: tuple[int, int], rowid: int | None = None
) -> Iterator[_Handle | None]:
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
        damage.note(connection.engine, error)
        raise OperationalError(_FIND, None, error) from error


def _rowid(driver: Any, key: tuple[int, int]) -> int | None:
    row = driver.execute(_FIND, tuple(key)).fetchone()
    return None if row is None else row[0]


def _open(driver: Any, rowid: int) -> _Handle | None:
    try:
        return _Handle(driver.blobopen("versions", "cms", rowid, readonly=True), is_packed=False)
    except sqlite3.OperationalError as error:
        if str(error).startswith("no such rowid"):
            return None
        if not str(error).endswith("of type null"):
            raise
    # A version that is stored as bytes is never stored as text again.
    return _Handle(driver.blobopen("versions", "cms_bytes", rowid, readonly=True), is_packed=True)
