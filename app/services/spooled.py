"""A file of a form that may be larger than memory: it goes into a temporary file as it is read."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import Final

from werkzeug.exceptions import RequestEntityTooLarge

from app.cms import Octets
from app.store.contents.errors import ContentAway

#: Bytes of a file that are in memory, not on disk.
IN_MEMORY: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Spooling:
    """Which files of a form are spooled, and limits in bytes."""

    names: frozenset[str]
    #: Of each such file.
    limit: int
    #: Of all other parts together.
    rest: int

    @property
    def most(self) -> int:
        """Bytes of the whole form."""
        return self.limit + self.rest


class Upload:
    """A file that came with a request. It is closed after the answer."""

    def __init__(self, name: str | None, media_type: str | None, limit: int) -> None:
        #: As stated by the client.
        self.name = name or None
        self.media_type = media_type or None
        self._limit = limit
        self._size = 0
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed by `close`

    def __len__(self) -> int:
        """Return its size in bytes."""
        return self._size

    @property
    def is_large(self) -> bool:
        """Whether it is on disk."""
        return self._size > IN_MEMORY

    def write(self, data: bytes) -> None:
        """Add data. Raises RequestEntityTooLarge, and ContentAway if the disk is full."""
        self._size += len(data)
        if self._size > self._limit:
            raise RequestEntityTooLarge
        with _away():
            self._file.write(data)

    def read(self) -> bytes:
        """Return it, whole in memory. Raises ContentAway."""
        with _away():
            self._file.seek(0)
            return self._file.read()

    def pieces(self, size: int) -> Iterator[bytes]:
        """Return it in pieces, from the beginning on each call. Raises ContentAway."""
        with _away():
            self._file.seek(0)
        while piece := self._file.read(size):
            yield piece

    @contextmanager
    def mapped(self) -> Iterator[Octets]:
        """Return all of it as something that can be hashed, without a copy in memory.

        Raises ContentAway.
        """
        if not self.is_large:
            yield self.read()
            return
        with _away():
            self._file.flush()
        with mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ) as octets:
            yield octets

    def close(self) -> None:
        """Remove it."""
        # It is closed also where its last bytes can't be written.
        with suppress(OSError):
            self._file.close()


@contextmanager
def _away() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ContentAway(f"temporary file: {error.strerror}") from error
