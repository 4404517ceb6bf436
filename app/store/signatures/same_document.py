"""Whether the signers of a version signed one document, where no one said which was meant."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, ScalarSelect, case, func, or_, select, true
from sqlalchemy.orm import aliased

from app.cms import SHA_256
from app.store.models import Signer, SignerContent, Version
from app.store.signatures.carried_contents import hash_function
from app.store.signatures.standings import Trusted

#: Something that identifies what a signer signed.
_Mark: TypeAlias = Callable[[type[Signer]], ColumnElement[str]]


@lru_cache(maxsize=8)
def signed_the_same(trusted: Trusted) -> ColumnElement[bool]:
    """Return the condition that a row of `signers` signed what the thread is about.

    That is what the first counting signer of the thread's first version signed, if anyone of the
    row's version still signs it, else what the first counting signer of that version signed.

    Message digests, which are signed (RFC 5652 section 11.2), are compared if they are by one
    function; otherwise only the document shows what both are of. Without it nothing is known, and
    the row doesn't count. It does without a message digest: then the signature value is over the
    content itself, without which it isn't valid.
    """
    own, content = _signed_digest(Signer), _known_content(Signer)
    # In this order: the later ones take longer.
    return case(
        (Signer.message_digest.is_(None), True),
        (own == _first(trusted, _signed_digest, 1), True),
        (content == _first(trusted, _known_content, 1), True),
        (_is_begun_kept(trusted), False),
        (own == _first(trusted, _signed_digest, Signer.version), True),
        else_=func.coalesce(content == _first(trusted, _known_content, Signer.version), False),
    )


def _is_begun_kept(trusted: Trusted) -> ColumnElement[bool]:
    """Return whether a counting signer of the row's version signs what the thread began with.

    What that is is read once for each row, and not for each other signer.
    """
    first, other = aliased(Signer), aliased(Signer)
    begun = (
        select(_signed_digest(first).label("digest"), _known_content(first).label("content"))
        .where(*_counting(trusted, first, 1))
        .order_by(first.number)
        .limit(1)
        .correlate(Signer)
        .cte("begun", nesting=True)
        .prefix_with("MATERIALIZED")
    )
    return (
        select(other.number)
        .join(begun, true())
        .where(
            *_counting(trusted, other, Signer.version),
            or_(_signed_digest(other) == begun.c.digest, _known_content(other) == begun.c.content),
        )
        .limit(1)
        .correlate(Signer)
        .scalar_subquery()
        .is_not(None)
    )


def _signed_digest(signer: type[Signer]) -> ColumnElement[str]:
    """Return the message digest of a row, after the one name of its function."""
    return hash_function(signer).concat(" ").concat(signer.message_digest)


def _known_content(signer: type[Signer]) -> ColumnElement[str]:
    """Return the SHA-256 of what a row is known to be over; NULL if only its digest is known."""
    version, carried = aliased(Version), aliased(SignerContent)
    key = signer.signature_id, signer.version
    of_version = (
        select(version.content_sha256)
        .where(version.signature_id == key[0], version.version == key[1])
        .correlate(signer)
        .scalar_subquery()
    )
    before = (
        select(carried.content_sha256)
        .where(
            carried.signature_id == key[0],
            carried.version == key[1],
            carried.number == signer.number,
        )
        .correlate(signer)
        .scalar_subquery()
    )
    by_digest = case((signer.digest_algorithm == SHA_256, signer.message_digest))
    return func.coalesce(by_digest, of_version, before)


def _first(trusted: Trusted, mark: _Mark, version: Any) -> ScalarSelect[str | None]:
    """Return what the first counting signer of a version signed."""
    other = aliased(Signer)
    return (
        select(mark(other))
        .where(*_counting(trusted, other, version))
        .order_by(other.number)
        .limit(1)
        .correlate(Signer)
        .scalar_subquery()
    )


def _counting(trusted: Trusted, other: type[Signer], version: Any) -> list[ColumnElement[bool]]:
    """Return the conditions of counting signers of a version of the row's thread.

    The standing, which SQLite stores after the facts, comes last.
    """
    return [
        other.signature_id == Signer.signature_id,
        other.version == version,
        other.message_digest.is_not(None),
        trusted.condition(other),
    ]
