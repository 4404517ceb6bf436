"""Documents that are moved from one place to another: the database, a folder, a bucket.

One document at a time, while servers work. It is written where it goes to, read back from there and
compared by its SHA-256, before its row names the new location; it is removed where it was after
that. A process that is killed in between leaves a file or an object that no row names, which
`sweeping` removes, and never a row without its document. A row says where its document is: so what
is moved already is not moved again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    delete,
    func,
    insert,
    select,
    update,
)

from app.store.contents.batches import BATCH
from app.store.contents.errors import ContentAway
from app.store.contents.keeping import remove_all
from app.store.contents.reading import read_content
from app.store.contents.values import KeptContent, Place
from app.store.database.engine import transaction
from app.store.models import Content, ContentChunk

#: Nothing is before it, and no SHA-256 is it.
_FIRST: Final = b""


class DocumentDiffers(Exception):
    """What was read is not the document that its row names."""


class Step(NamedTuple):
    """What became of one document: its bytes, and why it stays where it was; None: it doesn't."""

    sha256: str
    size: int
    #: False: it was deleted meanwhile, or is where it shall be already.
    is_moved: bool
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """A move of all documents from a place to another; None is the database.

    The places differ. Two of one kind are told apart by where each document is found.
    """

    engine: Engine
    source: Place | None
    target: Place | None

    def count(self) -> int:
        """Return how many documents are to be looked at: those that may be in the source."""
        with self.engine.connect() as connection:
            number: int = connection.execute(
                select(func.count()).select_from(Content).where(self._is_in_source())
            ).scalar_one()
        return number

    def run(self) -> Iterator[Step]:
        """Move, and report each document. It may be ended, and begun again, at any time.

        Raises:
            ContentAway: where they go to can't be written or read now.
        """
        after = _FIRST
        while some := self._list_after(after):
            for one in some:
                yield self._move(one)
            after = bytes.fromhex(some[-1].sha256)

    def _is_in_source(self) -> ColumnElement[bool]:
        if self.source is None:
            return Content.location.is_(None)
        return Content.location.startswith(self.source.scheme, autoescape=True)

    def _list_after(self, after: bytes) -> list[KeptContent]:
        columns = (Content.sha256, Content.size, Content.location)
        statement = select(*columns).where(Content.sha256 > after, self._is_in_source())
        with self.engine.connect() as connection:
            rows = connection.execute(statement.order_by(Content.sha256).limit(BATCH)).all()
        return [
            KeptContent(
                sha256=row.sha256.hex(),
                size=row.size,
                digests={},
                name=None,
                media_type=None,
                location=row.location,
            )
            for row in rows
        ]

    def _move(self, one: KeptContent) -> Step:
        """Move a document, unless it is there. Raises ContentAway: it can't be written."""
        if self._is_there(one):
            return Step(one.sha256, one.size, is_moved=False)
        try:
            target = self.target
            is_moved = self._into_database(one) if target is None else self._into(target, one)
        except _Unreadable as error:
            problem = str(error) if self._is_still(one) else None
            return Step(one.sha256, one.size, is_moved=False, problem=problem)
        if is_moved and one.location is not None:
            remove_all(self.source, [one.location])
        return Step(one.sha256, one.size, is_moved=is_moved)

    def _is_there(self, one: KeptContent) -> bool:
        """Return whether a document is in the target; its location can't tell between two alike."""
        target, location = self.target, one.location
        if target is None or location is None or not location.startswith(target.scheme):
            return False
        return target.has(location)

    def _is_still(self, one: KeptContent) -> bool:
        """Return whether a row still says that a document is where it was."""
        with self.engine.connect() as connection:
            return (
                connection.execute(select(Content.size).where(*_as_before(one))).first() is not None
            )

    def _into(self, target: Place, one: KeptContent) -> bool:
        """Write a document outside the database; return whether its row names that now."""
        wanted = bytes.fromhex(one.sha256)
        location = target.write(wanted, self._read_source(one), one.size)
        try:
            _compare(one, target.read(location))
            with transaction(self.engine) as connection:
                is_moved = _relocate(connection, one, location)
                if one.location is None:
                    connection.execute(delete(ContentChunk).where(ContentChunk.sha256 == wanted))
        except DocumentDiffers as error:
            remove_all(target, [location])
            raise ContentAway(f"what was written to {location} is read back differently") from error
        if not is_moved:
            remove_all(target, [location])
        return is_moved

    def _into_database(self, one: KeptContent) -> bool:
        """Write a document into the database, in one transaction with its row."""
        wanted = bytes.fromhex(one.sha256)
        with transaction(self.engine) as connection:
            if not _relocate(connection, one, None):
                return False
            for number, data in enumerate(self._read_source(one)):
                chunk = {"sha256": wanted, "number": number, "data": data}
                connection.execute(insert(ContentChunk), chunk)
        return True

    def _read_source(self, one: KeptContent) -> Iterator[bytes]:
        """Return a document in pieces. Raises _Unreadable: it isn't what its row says."""
        try:
            yield from _checked(one, read_content(self.engine, one, self.source))
        except (ContentAway, DocumentDiffers) as error:
            raise _Unreadable(str(error)) from error


class _Unreadable(Exception):
    """A document can't be read where it is."""


def _relocate(connection: Connection, one: KeptContent, location: str | None) -> bool:
    """Let a row name a new location; return whether it was still at the one before."""
    moved = update(Content).where(*_as_before(one)).values(location=location)
    return connection.execute(moved.returning(Content.sha256)).first() is not None


def _as_before(one: KeptContent) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return the conditions for a row that says the same of a document as when it was listed."""
    at = Content.location
    is_there = at.is_(None) if one.location is None else at == one.location
    return Content.sha256 == bytes.fromhex(one.sha256), is_there


def _checked(one: KeptContent, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Return pieces. Raises DocumentDiffers, before the last ends: they are not the document."""
    digest = sha256()
    for piece in pieces:
        digest.update(piece)
        yield piece
    if digest.hexdigest() != one.sha256:
        raise DocumentDiffers("its SHA-256 is another")


def _compare(one: KeptContent, pieces: Iterable[bytes]) -> None:
    """Require that pieces are a document. Raises DocumentDiffers."""
    for _ in _checked(one, pieces):
        pass
