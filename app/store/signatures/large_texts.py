"""Signatures too large for several to be in memory: read in pieces on output.

A row of a list has its signature in it if that is small; else it has a `LargeText`, which says
where the signature is. A text that an answer contains twice is kept in a temporary file, so that
the connection is released before the client reads the first byte.
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    ColumnExpressionArgument,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    bindparam,
    case,
    column,
    func,
    select,
)

from app.store import temporary
from app.store.database.base64_text import base64_length, base64_text
from app.store.database.compiled_query import Prepared
from app.store.database.engine import primary_of, snapshot
from app.store.database.types import octets
from app.store.errors import SignatureNotFound
from app.store.models import Version
from app.store.signatures import sqlite_texts

#: Bytes up to which a text is held in memory.
IN_MEMORY = 1024 * 1024
#: Bytes that are read of a larger one at a time, whole groups of base64.
PIECE = 1024 * 1024


class Key(NamedTuple):
    """One version."""

    signature_id: int
    version: int


#: A signature as it was sent, and its bytes in UTF-8.
SIGNATURE: ColumnElement[str] = func.coalesce(Version.cms, base64_text(Version.cms_bytes))
SIGNATURE_OCTETS: ColumnElement[int] = func.coalesce(
    octets(Version.cms), base64_length(Version.cms_bytes)
)

_OF_KEY = (
    Version.signature_id == bindparam("signature_id"),
    Version.version == bindparam("version"),
)


def if_short(column: ColumnExpressionArgument[Any], limit: int) -> ColumnElement[Any]:
    """Return a column for signatures that have no more than `limit` bytes, NULL for others.

    For PostgreSQL, which reads only the size. SQLite would load a large text: see `sqlite_texts`.
    """
    return case((limit >= SIGNATURE_OCTETS, column))


_FOUND = select(SIGNATURE_OCTETS, if_short(SIGNATURE, IN_MEMORY)).where(*_OF_KEY)


@dataclass(frozen=True, slots=True)
class LargeText:
    """The signature of one version, of `size` bytes, read on demand."""

    engine: Engine
    key: Key
    size: int

    @contextmanager
    def opened(self) -> Iterator[str | SpooledText]:
        """Keep the text, in memory or on disk.

        Raises:
            SignatureNotFound: it was deleted meanwhile.
            NoRoom: the disk is full.
        """
        if self.size <= IN_MEMORY:
            yield self.read()
            return
        with SpooledText(self._pieces()) as text:
            yield text

    def read(self) -> str:
        """Return the text, whole in memory. Raises SignatureNotFound."""
        return "".join(self.read_pieces())

    def read_pieces(self) -> list[str]:
        """Return the text in pieces. Raises SignatureNotFound."""
        if self.size > IN_MEMORY:
            decoder = getincrementaldecoder("utf-8")()
            return list(map(decoder.decode, self._pieces()))
        with self.engine.connect() as connection:
            found = find_text(connection, self.key)
        if not isinstance(found, str):
            raise SignatureNotFound
        return [found]

    def _pieces(self) -> Iterator[bytes]:
        """Return it in pieces of UTF-8. Raises SignatureNotFound."""
        is_sqlite = self.engine.dialect.name == "sqlite"
        read = sqlite_texts.pieces if is_sqlite else _postgresql_pieces
        got = False
        for piece in read(self.engine, self.key, PIECE):
            got = True
            yield piece
        if not got:
            raise SignatureNotFound


class SpooledText:
    """A text in an unnamed temporary file."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        """Take the text in UTF-8. Raises NoRoom if the disk is full."""
        self._file = temporary.spooled(pieces)

    def pieces(self, size: int) -> Iterator[str]:
        """Return the text in pieces of about `size` bytes, from the beginning on each call."""
        self._file.seek(0)
        decoder = getincrementaldecoder("utf-8")()
        while piece := self._file.read(size):
            yield decoder.decode(piece)

    def __enter__(self) -> SpooledText:
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()


def find_text(
    connection: Connection, key: Key, *, limit: int = IN_MEMORY, rowid: int | None = None
) -> str | LargeText | None:
    """Return the signature of a version if it has at most `limit` bytes; else a reference to it.

    None if there is no such version. `rowid` is its row in SQLite, if known.
    """
    if connection.dialect.name == "sqlite":
        found = sqlite_texts.find(connection, key, limit, rowid)
        return LargeText(connection.engine, key, found) if isinstance(found, int) else found
    row = connection.execute(_FOUND, key._asdict()).first()
    if row is None:
        return None
    engine = primary_of(connection.engine)
    return LargeText(engine, key, row[0]) if row[1] is None else str(row[1])


def _postgresql_pieces(engine: Engine, key: Key, size: int) -> Iterator[bytes]:
    """Read a text through a cursor: separate queries for its parts would each load it whole.

    The driver holds one piece at a time, and libpq allocates no large buffer, which it would keep.
    """
    with snapshot(engine) as connection:
        for (piece,) in _cut(size).stream(connection, key._asdict(), 1):
            yield piece


@cache
def _cut(size: int) -> Prepared:
    # OFFSET keeps it a subquery, whose text is fetched from TOAST once; of bytes, which are not
    # compressed, only the part that is needed is fetched each time.
    whole = (
        select(
            _utf8(Version.cms).label("octets"), Version.cms_bytes, SIGNATURE_OCTETS.label("size")
        )
        .where(*_OF_KEY)
        .offset(0)
        .subquery("whole")
    )
    series = func.generate_series(0, whole.c.size - 1, size)
    places = series.table_valued(column("place", Integer), joins_implicitly=True).render_derived()
    place = places.c.place
    of_text = func.substr(whole.c.octets, place + 1, size, type_=LargeBinary)
    part = func.substr(whole.c.cms_bytes, place // 4 * 3 + 1, size // 4 * 3, type_=LargeBinary)
    piece = func.coalesce(of_text, _utf8(base64_text(part)))
    return Prepared(select(piece).select_from(whole, places))


def _utf8(text: Any) -> ColumnElement[bytes]:
    return func.convert_to(text, "UTF8", type_=LargeBinary)
