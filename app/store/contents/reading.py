"""Reads: what is kept for a version or a package, and the documents themselves, in pieces."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Row,
    bindparam,
    select,
    tuple_,
)

from app.store.contents.errors import ContentAway
from app.store.contents.keeping import require_reachable
from app.store.contents.values import KeptContent, Place
from app.store.models import (
    Content,
    ContentChunk,
    Package,
    PackageContent,
    PackageDocument,
    Signature,
    VersionContent,
)

#: Packages of one thread whose documents are looked at.
MOST_AT_HAND = 10
_COLUMNS = (Content.sha256, Content.size, Content.digests, Content.location)
_OF_VERSIONS = select(
    *_COLUMNS,
    VersionContent.name,
    VersionContent.media_type,
    VersionContent.signature_id,
    VersionContent.version,
).join(Content, Content.sha256 == VersionContent.sha256)
_OF_CURRENT = _OF_VERSIONS.join(
    Signature,
    (Signature.id == VersionContent.signature_id) & (Signature.version == VersionContent.version),
)
_OF_PACKAGES = (
    select(
        *_COLUMNS,
        PackageDocument.file_name.label("name"),
        PackageContent.media_type,
        PackageContent.number,
    )
    .join(Content, Content.sha256 == PackageContent.sha256)
    .join(
        PackageDocument,
        (PackageDocument.package_id == PackageContent.package_id)
        & (PackageDocument.number == PackageContent.number),
    )
)
_CHUNK = select(ContentChunk.data).where(
    ContentChunk.sha256 == bindparam("wanted"), ContentChunk.number == bindparam("place")
)


def find_content(connection: Connection, signature_id: int, version: int) -> KeptContent | None:
    """Return what is kept for a version, without its bytes; None if nothing is."""
    return find_contents(connection, [(signature_id, version)]).get((signature_id, version))


def find_contents(
    connection: Connection, keys: Collection[tuple[int, int]]
) -> dict[tuple[int, int], KeptContent]:
    """Return what is kept for versions, as many as a page has, by one statement.

    Args:
        connection: to the store.
        keys: the id of the signature and the version of each.
    """
    if not keys:
        return {}
    key = tuple_(VersionContent.signature_id, VersionContent.version)
    # SQLite uses no index for pairs.
    is_of_thread = VersionContent.signature_id.in_({signature_id for signature_id, _ in keys})
    wanted = is_of_thread, key.in_([tuple(one) for one in keys])
    rows = connection.execute(_OF_VERSIONS.where(*wanted))
    return {(row.signature_id, row.version): _kept(row) for row in rows}


def find_package_contents(connection: Connection, public_id: str) -> dict[int, KeptContent]:
    """Return what is kept for the documents of a package, by their numbers.

    Args:
        connection: to the store.
        public_id: the package's UUID, in lower case.
    """
    statement = _OF_PACKAGES.join(Package, Package.id == PackageContent.package_id)
    rows = connection.execute(statement.where(Package.public_id == public_id))
    return {row.number: _kept(row) for row in rows}


def find_at_hand(connection: Connection, document: str, thread: str) -> list[KeptContent]:
    """Return documents that the next version of a thread may sign: two statements.

    They are that of its current version, and those of the newest packages that ask for it.
    """
    of_thread = (Signature.document == document, Signature.thread == thread)
    current = connection.execute(_OF_CURRENT.where(*of_thread)).all()
    packages = connection.execute(
        _OF_PACKAGES.where(PackageDocument.document == document, PackageDocument.thread == thread)
        .order_by(PackageContent.package_id.desc())
        .limit(MOST_AT_HAND)
    ).all()
    return [*map(_kept, current), *map(_kept, packages)]


def read_content(engine: Engine, kept: KeptContent, place: Place | None) -> Iterator[bytes]:
    """Return a document in pieces.

    Raises:
        ContentAway: it can't be read now; also while the pieces are read, if it was deleted.
    """
    require_reachable(kept.location, place)
    if kept.location is None or place is None:
        return _chunks(engine, kept)
    return place.read(kept.location)


def _chunks(engine: Engine, kept: KeptContent) -> Iterator[bytes]:
    """Return the parts of a document, each read by itself: they never change."""
    left, number, wanted = kept.size, 0, bytes.fromhex(kept.sha256)
    while left > 0:
        with engine.connect() as connection:
            data = connection.execute(_CHUNK, {"wanted": wanted, "place": number}).scalar()
        if not data:
            raise ContentAway("a document was deleted while it was read")
        left, number = left - len(data), number + 1
        yield data


def _kept(row: Row[*tuple[Any, ...]]) -> KeptContent:
    return KeptContent(
        sha256=row.sha256.hex(),
        size=row.size,
        digests=row.digests,
        name=row.name,
        media_type=row.media_type,
        location=row.location,
    )
