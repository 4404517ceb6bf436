"""Data extracted from a signature once, when it is saved, so that no later request parses it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from app.cms import (
    SHA_256,
    Answer,
    Fingerprints,
    MalformedSignature,
    SignedData,
    SignedXml,
    SignerInfo,
    SignerStatus,
    canonical_digest,
    describe_signers,
    fingerprints_of,
    parse,
    signer_facts,
)
from app.store.search import terms
from app.store.signatures import signers
from app.store.signatures.one_signer import settle
from app.store.signatures.standings import Found, Trusted, judge

#: Position of the facts in a row of `Signing.signers`.
_FACTS = list(signers.KINDS).index("facts")


#: For a signer that is left to the background.
NOTHING = Found()


@dataclass(frozen=True, slots=True)
class Signing:
    """The claims of a signature, in the form in which they are stored.

    `facts` are those of each signer; `signers` and `terms` are JSON lists as text: of the columns
    of `models.Signer` from `number` on, and of the version's search terms. `signed_at` is the
    latest signing time that a signer claims, else the time of saving; None if there is no signer.
    """

    facts: list[dict[str, Any]]
    signers: str
    terms: str
    signature_sha256: str
    content_sha256: str | None
    signed_at: datetime | None
    #: `cms`, `xml`, or None for text that is neither.
    format: str | None
    #: Bytes of the decoded signature, and of the content attached to it.
    signature_size: int
    content_size: int | None


def read_signing(
    signature: SignedData | SignedXml,
    saved_at: datetime,
    content_sha256: str | None = None,
    found: Mapping[int, Found] | None = None,
) -> Signing:
    """Extract the claims of a parsed signature; without a claimed time, that of the save counts.

    `content_sha256` is the digest of the content of a detached one, hex, if that content is known
    to be what was signed: without it a file signed with another digest algorithm could not be
    found. `found` has the results of verification, by the signer's number.
    """
    described = describe_signers(signature)
    digests = fingerprints_of(signature, described)
    content_sha256 = digests.content or content_sha256
    signed_at = max(filter(None, map(_claimed_moment, described)), default=None)
    by_terms = terms.of_people(signer.claims for signer in described)
    by_terms += terms.of_digests(filter(None, (*_sha256s(digests), content_sha256)))
    by_terms += terms.of_moment(signed_at or saved_at)
    rows = [_columns(signer, (found or {}).get(signer.number, NOTHING)) for signer in described]
    return Signing(
        facts=[row[_FACTS] for row in rows],
        signers=orjson.dumps(rows).decode(),
        # In order, so that the same signers have the same list, whichever of them was first.
        terms=orjson.dumps(sorted(set(by_terms))).decode(),
        signature_sha256=digests.signature,
        content_sha256=content_sha256,
        signed_at=signed_at or saved_at,
        format="xml" if isinstance(signature, SignedXml) else "cms",
        signature_size=digests.signature_size,
        content_size=digests.content_size,
    )


def read_kept(text: str, saved_at: datetime, content_sha256: str | None = None) -> Signing:
    """Extract the claims of a version's text, as `read_signing` does; it may be no signature."""
    try:
        return read_signing(parse(text, trailing_zeros=True), saved_at, content_sha256)
    except MalformedSignature:
        # Saved while CMS_VALIDATION was off, or moved from the original server.
        return read_text(text)


def read_found(
    signature: SignedData | SignedXml, statuses: Iterable[SignerStatus], trusted: Trusted
) -> dict[int, Found]:
    """Return the stored form of the results of verification, by the signer's number.

    `trusted` is what was trusted before verification: if anything was added since, the signer is
    verified again.
    """
    detached: Sequence[SignerInfo] = ()
    if isinstance(signature, SignedData) and not signature.attached:
        detached = signature.signers
    anchored = bool(trusted.anchors)
    known = list(statuses)
    found = {
        status.number: Found(
            _attested_moment(status),
            judge(
                status,
                digest=detached[status.number - 1].digest_algorithm if detached else None,
                anchored=anchored,
            ),
            trusted.everything,
        )
        for status in known
    }
    return settle(found, known)


def _attested_moment(status: SignerStatus) -> datetime | None:
    """Return the genTime of a valid timestamp."""
    stamp = status.timestamp
    return stamp.gen_time if stamp and stamp.verdict.answer is Answer.YES else None


def read_text(text: str) -> Signing:
    """Extract from text that is no signature: it has no signer, and is found only by its digest."""
    encoded = text.encode()
    digest = hashlib.sha256(encoded).hexdigest()
    found = orjson.dumps(terms.of_digests([digest])).decode()
    return Signing([], "[]", found, digest, None, None, None, len(encoded), None)


def _columns(signer: SignerInfo, found: Found) -> list[Any]:
    claims = signer.claims
    return [
        signer.number,
        claims.iin,
        claims.bin,
        terms.full_name(claims),
        canonical_digest(signer.digest_algorithm),
        _digest_column(signer),
        signers.moment(found.gen_time),
        signer_facts(signer),
        *(found.standing or (None, None)),
        found.judged_against,
    ]


def _digest_column(signer: SignerInfo) -> str | None:
    """Return the message digest, empty if it is too long to be one; None if none is signed."""
    if signer.message_digest is not None:
        return signer.message_digest.hex()
    return "" if signer.has_signed_attributes else None


def _claimed_moment(signer: SignerInfo) -> datetime | None:
    """Return the time that the timestamp claims, else the signer's."""
    moment = signer.timestamp.gen_time if signer.timestamp else signer.claimed_signing_time
    return None if moment is None else moment.astimezone(UTC)


def _sha256s(digests: Fingerprints) -> Iterator[str]:
    """Return every SHA-256 by which it may be searched: its own, and that of its content."""
    yield digests.signature
    if digests.content:
        yield digests.content
    for algorithm, digest in digests.message_digests:
        if algorithm == SHA_256:
            yield digest
