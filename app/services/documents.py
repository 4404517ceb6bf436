"""Documents that are kept: what families that take or name them share."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

from flask import current_app

from app.cms import SHA_256, STREEBOG_256, STREEBOG_512, KnownDigests
from app.extensions import current_place, db
from app.services.errors import ContentTooLarge
from app.services.media_types import OCTETS
from app.store.contents.keeping import Offer
from app.store.contents.values import KeptContent, NewContent, Source

#: Digests that are kept beside those that a signature needs, since a later signer may need them.
WANTED_DIGESTS: Final = (STREEBOG_256, STREEBOG_512)


def new_content(
    known: KnownDigests,
    source: Source,
    name: str | None = None,
    media_type: str | None = None,
    *,
    field: str = "data",
) -> NewContent:
    """Return a document to be kept; `field` is the parameter that it came in.

    Raises:
        ContentTooLarge: it is larger than is kept.
    """
    limit = current_app.config["MAX_CONTENT"]
    if known.size > limit:
        raise ContentTooLarge(
            '"{field}" parameter must be at most {limit} bytes, decoded', field=field, limit=limit
        )
    return NewContent(
        sha256=known.digests[0].value,
        size=known.size,
        digests={one.algorithm: one.value.hex() for one in known.digests if not one.is_by(SHA_256)},
        source=source,
        name=name,
        media_type=media_type,
    )


def offered(new: NewContent | None) -> AbstractContextManager[Offer | None]:
    """Return the context of a transaction that keeps a document. Raises ContentAway."""
    return nullcontext() if new is None else Offer(db.engine, current_place(), new)


def write_content(one: NewContent | KeptContent | None) -> dict[str, Any] | None:
    """Return what an answer says about a document; None if none is kept."""
    if one is None:
        return None
    return {
        "name": one.name,
        "size": one.size,
        "sha256": one.sha256 if isinstance(one.sha256, str) else one.sha256.hex(),
        "media_type": one.media_type or OCTETS,
    }
