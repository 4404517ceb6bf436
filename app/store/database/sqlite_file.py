"""The file of a SQLite store: made for its owner alone, and the one that connections have open.

A file that was deleted, moved away or replaced lives on for the connections that have it open: what
these write is lost, or in another place than the next start reads.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import Connection, Dialect, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from app.store.database import damage
from app.store.database.private_files import FILE_MODE, hand_over

#: Where connections note the path of their file, which file that was, and whether they can write.
_PATH, _OPENED, _READ_ONLY, _NEW = "path", "opened", "is_read_only", "is_new"

_Identity: TypeAlias = tuple[int, int]
"""The device and the inode of a file."""


def watch(engine: Engine) -> None:
    """Make an engine's connections use the file that is at its path, and no other.

    While none is there, they can't be opened; the first one creates it.
    """
    opened = _Opened(engine)
    event.listen(engine, "do_connect", opened.before)
    event.listen(engine, "connect", opened.after)
    event.listen(engine, "checkout", _leave_if_other)


def require_same(connection: Connection) -> None:
    """Require that the file of a connection is still at its path, after a commit.

    Raises:
        OperationalError: it isn't, so what was written may be lost.
    """
    info = connection.info
    if _OPENED in info and _identify(info[_PATH]) != info[_OPENED]:
        error = sqlite3.OperationalError("the file was moved or deleted during a write")
        raise OperationalError("COMMIT", None, error)


class _Opened:
    """The file that an engine's connections opened last."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._last: _Identity | None = None

    def before(
        self,
        _dialect: Dialect,
        entry: ConnectionPoolEntry,
        arguments: list[Any],
        _more: dict[str, Any],
    ) -> None:
        """Create the file if there never was one; note which one is there. Raises sqlite3.Error."""
        path = arguments[0]
        if self._last is None:
            _make(path)
        found = _identify(path)
        if found is not None:
            entry.info[_PATH], entry.info[_OPENED] = path, found
        elif self._last is not None:
            # SQLite would create an empty one, in the way of the one that may come back.
            raise sqlite3.OperationalError("the file is not there any more")

    def after(self, connection: Any, entry: ConnectionPoolEntry) -> None:
        """Note whether the file can be written. Raises sqlite3.Error if it was replaced by now."""
        entry.info[_NEW] = True
        entry.info[_READ_ONLY] = not os.access(_file_of(connection), os.W_OK)
        opened = entry.info.get(_OPENED)
        if opened is None:
            return
        if _identify(entry.info[_PATH]) != opened:
            raise sqlite3.OperationalError("the file was replaced while it was opened")
        if self._last not in (None, opened):
            damage.forget(self._engine)
        self._last = opened


def _make(path: str) -> None:
    """Create the file before SQLite does, for its owner alone, like its -wal and -shm files."""
    with suppress(OSError):  # It exists, or SQLite reports why it can't be created.
        made = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, FILE_MODE)
        try:
            hand_over(made, Path(path).parent)
        finally:
            os.close(made)


def _identify(path: str) -> _Identity | None:
    """Return which file is at a path; None if none can be found."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _file_of(connection: Any) -> str:
    file: str = connection.execute("PRAGMA database_list").fetchone()[2]
    return file


def _leave_if_other(
    _connection: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection
) -> None:
    """Reopen a file that is not at its path any more, or that was read-only when it was opened.

    The connection would go on with the former file, and stay read-only.
    """
    info = entry.info
    if _OPENED in info and _identify(info[_PATH]) != info[_OPENED]:
        raise DisconnectionError
    if info[_READ_ONLY] and not info.pop(_NEW, False):
        raise DisconnectionError
