"""Whether the signers of a version signed one document, where no one said which was meant."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, case, select
from sqlalchemy.orm import aliased

from app.store.models import Signer
from app.store.signatures.standings import Trusted


@lru_cache(maxsize=8)
def signed_the_same(trusted: Trusted) -> ColumnElement[bool]:
    """Return the condition that a row of `signers` signed what the thread is about.

    That is what the first counting signer of the thread's first version signed, if anyone of the
    row's version still signs it, else what the first counting signer of that version signed.
    Message digests, which are signed (RFC 5652 section 11.2), are compared within one algorithm;
    without one to compare, as in XML, nothing is known against it.
    """
    begun = _first_digest(trusted, 1)
    now = _first_digest(trusted, Signer.version)
    other = aliased(Signer)
    is_kept = (
        select(other.number)
        .where(*_counting(trusted, other, Signer.version, other.message_digest == begun))
        .limit(1)
        .correlate(Signer)
        .scalar_subquery()
    )
    own = Signer.message_digest
    # In this order: the later ones take longer.
    return case(
        (own.is_(None), True),
        (own == begun, True),
        (is_kept.is_not(None), False),
        else_=own == now,
    )


def _first_digest(trusted: Trusted, version: Any) -> ScalarSelect[str | None]:
    """Return the digest of the first counting signer of a version, by the row's algorithm."""
    other = aliased(Signer)
    return (
        select(other.message_digest)
        .where(*_counting(trusted, other, version, other.message_digest.is_not(None)))
        .order_by(other.number)
        .limit(1)
        .correlate(Signer)
        .scalar_subquery()
    )


def _counting(
    trusted: Trusted, other: type[Signer], version: Any, digest: ColumnElement[bool]
) -> list[ColumnElement[bool]]:
    """Return the conditions of counting signers with the row's thread and digest algorithm.

    The standing, which SQLite stores after the facts, comes last.
    """
    return [
        other.signature_id == Signer.signature_id,
        other.version == version,
        other.digest_algorithm == Signer.digest_algorithm,
        digest,
        trusted.condition(other.standing),
    ]
