"""Values of documents: what is to be kept, what is kept, and where that is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

#: Bytes of a document that are in memory at a time.
PIECE = 256 * 1024


class Source(Protocol):
    """A document that can be read from its beginning, again and again."""

    def pieces(self, size: int) -> Iterator[bytes]:
        """Return it in pieces of `size` bytes; the last may be smaller. Raises OSError."""


@dataclass(frozen=True, slots=True)
class InMemory:
    """A small document."""

    data: bytes

    def pieces(self, size: int) -> Iterator[bytes]:
        """Return it in pieces."""
        return (self.data[start : start + size] for start in range(0, len(self.data), size))


class Pieces(Iterator[bytes]):
    """A document that is being read. Who doesn't read it to its end closes it."""

    def __init__(self, pieces: Iterator[bytes], close: Callable[[], None]) -> None:
        self._pieces = pieces
        #: Ends reading.
        self.close = close

    def __next__(self) -> bytes:
        """Return the next piece; close it at the end, and after an error."""
        try:
            return next(self._pieces)
        except BaseException:
            self.close()
            raise


@dataclass(frozen=True, slots=True, kw_only=True)
class NewContent:
    """A document to be kept. All of it is checked already."""

    sha256: bytes
    #: Bytes.
    size: int
    #: Its other digests: algorithm, dotted -> hex.
    digests: Mapping[str, str]
    source: Source
    #: The file's name and media type, as stated by the caller.
    name: str | None = None
    media_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptContent:
    """A document that is kept, without its bytes."""

    #: Hex.
    sha256: str
    #: Bytes.
    size: int
    #: Its other digests: algorithm, dotted -> hex.
    digests: Mapping[str, str]
    name: str | None
    media_type: str | None
    #: Where it is outside the database; None: in it.
    location: str | None


class Place(Protocol):
    """Where documents are outside the database: a folder, or a bucket.

    Each document that is written gets a location of its own, which is never used again. So what a
    deletion removes can't be what a save has just written.
    """

    #: How the locations of this kind of place begin.
    scheme: str

    @property
    def address(self) -> str:
        """Where it is, as CONTENT_STORE names it."""

    def write(self, sha256: bytes, pieces: Iterable[bytes], size: int) -> str:
        """Write a document, to last, and return its location. Raises ContentAway."""

    def read(self, location: str) -> Iterator[bytes]:
        """Return a document in pieces. Raises ContentAway, before the first if it isn't there."""

    def has(self, location: str) -> bool:
        """Return whether a document is there. Raises ContentAway: that can't be told now."""

    def remove(self, location: str) -> None:
        """Remove a document; it may be gone. Raises ContentAway."""

    def list_older(self, moment: datetime) -> Iterator[str]:
        """Return the locations of what was written before, also of halves. Raises ContentAway."""
