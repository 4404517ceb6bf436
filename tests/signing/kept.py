"""How the tests of signing keep the document of a package, as the office does."""

from __future__ import annotations

from sqlalchemy import Engine

from app.cms import SHA_256, hash_content
from app.cms.budget import ContentBudget
from app.store.contents.keeping import Offer
from app.store.contents.values import InMemory, NewContent
from app.store.database.engine import transaction


def keep(
    engine: Engine,
    public_id: str,
    data: bytes,
    *,
    algorithms: tuple[str, ...] = (),
    media_type: str = "application/pdf",
    number: int = 1,
) -> None:
    """Keep a document of a package, with digests beside its SHA-256."""
    known = hash_content(data, [SHA_256], algorithms, ContentBudget())
    new = NewContent(
        sha256=known.require(SHA_256),
        size=len(data),
        digests={one.algorithm: one.value.hex() for one in known.digests if not one.is_by(SHA_256)},
        source=InMemory(data),
        media_type=media_type,
    )
    with Offer(engine, None, new) as offer, transaction(engine) as connection:
        offer.keep_for_package(connection, public_id, number)
