"""Signatures too large for several to be in memory: they wait on the disk for their client.

To fetch one takes twice its size, so that is done by one thread at a time; then it lies in a file
until it was sent. However slow clients are, a process holds no more than one of them in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from tempfile import TemporaryFile
from threading import Lock
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, case, func
from sqlalchemy.exc import TimeoutError as OverrunError

from app.store.columns import octets
from app.store.models import Version

#: Characters up to which a text stays in memory.
IN_MEMORY = 1024 * 1024
#: Seconds for which one waits for the others, each of which takes a part of a second.
PATIENCE = 20.0

_PIECE = 64 * 1024
_alone = Lock()


class LargeText:
    """A text in a file that has no name, and goes with the object."""

    def __init__(self, text: str) -> None:
        # newline: what stands at the end of a line stays what it is.
        self._file = TemporaryFile("w+", encoding="utf-8", newline="")  # noqa: SIM115 - kept open
        for start in range(0, len(text), _PIECE):  # It would be encoded whole, else.
            self._file.write(text[start : start + _PIECE])

    def pieces(self, size: int) -> Iterator[str]:
        """Return the text in pieces of so many characters, from its beginning each time."""
        self._file.seek(0)
        while piece := self._file.read(size):
            yield piece

    def __del__(self) -> None:
        """Close the file; that closes it for the disk as well."""
        self._file.close()


@contextmanager
def alone() -> Iterator[None]:
    """Hold off all others of this process who are to have a large text in memory.

    Raises:
        sqlalchemy.exc.TimeoutError: others take too long.
    """
    if not _alone.acquire(timeout=PATIENCE):
        raise OverrunError("too many large signatures are read at once")
    try:
        yield
    finally:
        _alone.release()


def fetch(engine: Engine, statement: Select[Any], key: Mapping[str, Any]) -> str:
    """Fetch the one text that a statement gives.

    The connection is closed: libpq keeps the room that it made for a large row.

    Raises:
        sqlalchemy.exc.NoResultFound: there is none.
    """
    with engine.connect() as connection:
        connection.detach()
        text: str = connection.execute(statement, key).scalar_one()
    return text


def fetch_alone(engine: Engine, statement: Select[Any], key: Mapping[str, Any]) -> str | LargeText:
    """Fetch a text that may be large, when nobody else in this process does.

    Raises:
        sqlalchemy.exc.NoResultFound: there is none.
        sqlalchemy.exc.TimeoutError: others take too long.
    """
    with alone():
        text = fetch(engine, statement, key)
        return LargeText(text) if len(text) > IN_MEMORY else text


def short_text(limit: int) -> ColumnElement[str | None]:
    """Return the column of a signature that has no more than `limit` bytes, NULL for others.

    Of what is large when it is decoded the text isn't looked at: SQLite would load it for that.
    """
    short = case((octets(Version.cms) <= limit, Version.cms))
    return case((func.coalesce(Version.signature_size, 0) <= limit, short))
