"""How the tests of documents keep them and look for what is left."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from sqlalchemy import Engine, func, select

from app.store.contents.keeping import Offer, remove_all
from app.store.contents.reading import find_content, read_content
from app.store.contents.values import InMemory, KeptContent, NewContent, Place
from app.store.database.engine import transaction
from app.store.models import Base, Content, ContentChunk, VersionContent
from app.store.signatures.extraction import read_text
from app.store.signatures.reading import get_signature
from app.store.signatures.writing import NewVersion, delete_chain, save_version


def new_content(data: bytes, name: str | None = None) -> NewContent:
    """Return a document to be kept."""
    return NewContent(
        sha256=sha256(data).digest(),
        size=len(data),
        digests={"1.2": "00"},
        source=InMemory(data),
        name=name,
        media_type="application/pdf",
    )


def save_with(
    engine: Engine,
    data: bytes,
    document: str = "doc",
    seen: int | None = None,
    place: Place | None = None,
) -> None:
    """Save a version with its document, as a request does."""
    new = NewVersion(document=document, thread="main", cms="CMS")
    offered = Offer(engine, place, new_content(data, "a.pdf"))
    with offered as offer, transaction(engine) as connection:
        record = save_version(connection, new, read_text(new.cms), seen).record
        offer.keep_for_version(connection, record.id, record.version)


def delete_with(engine: Engine, document: str = "doc", place: Place | None = None) -> None:
    """Delete a thread, as a request does."""
    with transaction(engine) as connection:
        gone = delete_chain(connection, document, "main")
    remove_all(place, gone)


def read_whole(
    engine: Engine, document: str = "doc", version: int | None = None, place: Place | None = None
) -> tuple[KeptContent, bytes]:
    """Read the document of a version."""
    kept = find_kept(engine, document, version)
    assert kept
    return kept, b"".join(read_content(engine, kept, place))


def find_kept(
    engine: Engine, document: str = "doc", version: int | None = None
) -> KeptContent | None:
    """Return what is kept for a version, None if nothing is."""
    with engine.connect() as connection:
        record = get_signature(connection, document, "main", version)
        return find_content(connection, record.id, record.version)


def rows_of(engine: Engine) -> tuple[int, ...]:
    """Return how many documents, chunks and references there are."""
    tables: tuple[type[Base], ...] = (Content, ContentChunk, VersionContent)
    with engine.connect() as connection:
        return tuple(
            connection.execute(select(func.count()).select_from(one)).scalar_one() for one in tables
        )


def files_of(root: Path) -> int:
    """Return how many files there are below a folder."""
    return sum(one.is_file() for one in root.rglob("*"))
