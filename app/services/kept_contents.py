"""What is kept of the document of a version, read to verify its signature."""

from __future__ import annotations

from contextlib import ExitStack, suppress

from flask import current_app
from sqlalchemy import Connection

from app.cms import SHA_256, KnownDigest, KnownDigests, SignedData, SignedXml, is_detached
from app.extensions import current_place, current_reads, db
from app.store.contents.errors import ContentAway
from app.store.contents.reading import find_content, read_content
from app.store.contents.values import KeptContent
from app.store.signatures.large_texts import Key


def get_kept(key: Key) -> KeptContent | None:
    """Read what is kept for a version; None if nothing is."""

    def find(connection: Connection, _stack: ExitStack) -> KeptContent | None:
        return find_content(connection, *key)

    return current_reads().read(find)


def known_content(signature: SignedData | SignedXml, key: Key) -> bytes | KnownDigests | None:
    """Return what is known of the document of a version, None if it isn't kept or is attached.

    That is its digests; without signed attributes, where these don't do, the document itself if it
    is no larger than a request's and can be read now.
    """
    if not isinstance(signature, SignedData) or not is_detached(signature):
        return None
    kept = get_kept(key)
    if kept is None:
        return None
    is_needed = not all(signer.has_signed_attributes for signer in signature.signers)
    if is_needed and kept.size <= current_app.config["MAX_CONTENT_LENGTH"]:
        with suppress(ContentAway):
            return b"".join(read_content(db.engine, kept, current_place()))
    return digests_of(kept)


def digests_of(kept: KeptContent) -> KnownDigests:
    """Return the digests that were computed when a document was kept."""
    others = (KnownDigest(oid, bytes.fromhex(value)) for oid, value in kept.digests.items())
    return KnownDigests((KnownDigest(SHA_256, bytes.fromhex(kept.sha256)), *others), kept.size)
