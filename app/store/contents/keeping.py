"""Writes: a document is kept with what refers to it, and goes with the last that does.

In the database all of that is one transaction. Elsewhere a document is written before the
transaction that refers to it, and removed after the one that deletes its row. A process that is
killed in between leaves a document without a row, never a row without its document; `sweeping`
removes what was left.

Two that keep the same document, or keep and delete it, meet in its row: who refers to it holds a
lock that keeps it from being deleted, who deletes it looks for references with a lock that keeps
others from referring to it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

from sqlalchemy import Connection, Engine, bindparam, delete, exists, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from app.store.contents.batches import in_batches
from app.store.contents.errors import ContentAway
from app.store.contents.values import PIECE, KeptContent, NewContent, Place
from app.store.database.types import utc_now
from app.store.models import (
    Content,
    ContentChunk,
    Package,
    PackageContent,
    VersionContent,
)

#: How often a row may be deleted between two statements of one save.
_ATTEMPTS: Final = 10

_log = logging.getLogger(__name__)

# Built once: to build a statement takes several times as long as to execute it.
_LOCK = (
    select(Content.location, Content.digests)
    .where(Content.sha256 == bindparam("wanted"))
    .with_for_update(read=True, key_share=True)
)
#: Not in the way of those who refer to it.
_LOCK_TO_ADD = (
    select(Content.digests)
    .where(Content.sha256 == bindparam("wanted"))
    .with_for_update(key_share=True)
)
IS_REFERRED_TO = or_(
    exists().where(VersionContent.sha256 == Content.sha256),
    exists().where(PackageContent.sha256 == Content.sha256),
)


@dataclass(slots=True)
class Offer:
    """A document that is about to be kept. A context around the transaction that refers to it.

    What was written outside the database is removed at the end, unless a row has it, or might have
    it: after an error of the database it is not known whether a transaction was committed.
    """

    engine: Engine
    place: Place | None
    new: NewContent
    _written: str | None = None
    _is_used: bool = field(default=False, init=False)

    def __enter__(self) -> Self:
        """Write the document where it isn't there already. Raises ContentAway."""
        if self.place is not None:
            with self.engine.connect() as connection:
                there = connection.execute(_LOCK, {"wanted": self.new.sha256}).first()
            if there is None:
                self._write(self.place)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        is_refused = isinstance(error, Exception) and not isinstance(error, SQLAlchemyError)
        if self._written is not None and (is_refused or (error is None and not self._is_used)):
            remove_all(self.place, [self._written])

    def keep_for_version(self, connection: Connection, signature_id: int, version: int) -> None:
        """Keep the document for a version that the same transaction saves. Raises ContentAway."""
        self._keep(connection)
        row = {
            "signature_id": signature_id,
            "version": version,
            "sha256": self.new.sha256,
            "name": self.new.name,
            "media_type": self.new.media_type,
        }
        connection.execute(insert(VersionContent), row)

    def keep_for_package(self, connection: Connection, public_id: str, number: int) -> None:
        """Keep it for a document of a package that the same transaction adds. Raises as above."""
        self._keep(connection)
        package = select(Package.id).where(Package.public_id == public_id)
        row = {
            "package_id": connection.execute(package).scalar_one(),
            "number": number,
            "sha256": self.new.sha256,
            "media_type": self.new.media_type,
        }
        connection.execute(insert(PackageContent), row)

    def _keep(self, connection: Connection) -> None:
        """Lock the document's row against deletion, or add it with the document."""
        for _ in range(_ATTEMPTS):
            there = connection.execute(_LOCK, {"wanted": self.new.sha256}).first()
            if there is not None:
                require_reachable(there.location, self.place)
                if not self.new.digests.items() <= there.digests.items():
                    self._add_digests(connection)
                return
            if self.place is not None and self._written is None:
                # It was deleted since it was looked for.
                self._write(self.place)
            if self._add(connection):
                self._is_used = True
                return
        raise ContentAway("a document was deleted again and again")

    def _add_digests(self, connection: Connection) -> None:
        """Add the digests that the row lacks, which is locked against deletion."""
        values = {"wanted": self.new.sha256}
        there = connection.execute(_LOCK_TO_ADD, values).scalar_one()
        added = {**there, **self.new.digests}
        is_this = Content.sha256 == self.new.sha256
        connection.execute(update(Content).where(is_this).values(digests=added))

    def _add(self, connection: Connection) -> bool:
        """Add the row, and the chunks if they are in the database; False if another was first."""
        add: Any = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        row = {
            "sha256": self.new.sha256,
            "size": self.new.size,
            "digests": dict(self.new.digests),
            "location": self._written,
            "created_at": utc_now(),
        }
        statement = add(Content).on_conflict_do_nothing().values(row).returning(Content.size)
        if connection.execute(statement).first() is None:
            return False
        if self._written is None:
            for number, data in enumerate(self.new.source.pieces(PIECE)):
                chunk = {"sha256": self.new.sha256, "number": number, "data": data}
                connection.execute(insert(ContentChunk), chunk)
        return True

    def _write(self, place: Place) -> None:
        pieces = self.new.source.pieces(PIECE)
        self._written = place.write(self.new.sha256, pieces, self.new.size)


def refer_again(connection: Connection, kept: KeptContent, signature_id: int, version: int) -> bool:
    """Let a version that the same transaction saves refer to a document that is kept already.

    Return whether it does: not if the document was deleted meanwhile.
    """
    sha256 = bytes.fromhex(kept.sha256)
    if connection.execute(_LOCK, {"wanted": sha256}).first() is None:
        return False
    row = {
        "signature_id": signature_id,
        "version": version,
        "sha256": sha256,
        "name": kept.name,
        "media_type": kept.media_type,
    }
    connection.execute(insert(VersionContent), row)
    return True


def require_reachable(location: str | None, place: Place | None) -> None:
    """Require that a document is in the database, or where the settings say. Raises ContentAway."""
    if location is not None and (place is None or not location.startswith(place.scheme)):
        raise ContentAway(f"CONTENT_STORE names another place than that of {location}")


def list_of_thread(connection: Connection, signature_id: int) -> list[bytes]:
    """Return the SHA-256 of the documents of a thread, to be released once it is deleted."""
    mine = VersionContent.signature_id == signature_id
    return list(connection.execute(select(VersionContent.sha256).where(mine).distinct()).scalars())


def list_of_package(connection: Connection, public_id: str) -> list[bytes]:
    """Return the SHA-256 of the documents of a package, to be released once it is deleted."""
    statement = (
        select(PackageContent.sha256)
        .join(Package, Package.id == PackageContent.package_id)
        .where(Package.public_id == public_id)
        .distinct()
    )
    return list(connection.execute(statement).scalars())


def release(connection: Connection, some: Iterable[bytes]) -> list[str]:
    """Delete the documents that nothing refers to any more, inside `database.transaction`.

    Args:
        connection: of the transaction that deleted what referred to them.
        some: their SHA-256.

    Returns:
        Locations outside the database: what is there is to be removed after the commit.
    """
    gone: list[str] = []
    for part in in_batches(sorted(some)):
        is_one = Content.sha256.in_(part)
        # In one order for all. Who refers to one of them has committed before this returns; the
        # second statement sees it.
        locked = select(Content.sha256).where(is_one).order_by(Content.sha256).with_for_update()
        connection.execute(locked).all()
        unused = delete(Content).where(is_one, ~IS_REFERRED_TO).returning(Content.location)
        gone += [one for one in connection.execute(unused).scalars() if one is not None]
    return gone


def remove_all(place: Place | None, locations: Iterable[str]) -> None:
    """Remove documents outside the database, as far as that is possible now."""
    for location in locations:
        try:
            require_reachable(location, place)
            if place is not None:
                place.remove(location)
        except ContentAway as error:
            _log.warning("a document is left for `flask content sweep`: %s", error)
