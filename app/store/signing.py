"""What is read out of a signature once, when it is saved, so that no later request parses it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from app.cms.digests import Fingerprints, fingerprints
from app.cms.facts import signer_facts
from app.cms.signed_data import SignedCms
from app.cms.signed_xml import SignedXml
from app.cms.signers import SignerClaims, describe
from app.store import signers, terms

_SHA_256 = "2.16.840.1.101.3.4.2.1"


@dataclass(frozen=True, slots=True)
class Signing:
    """What a signature claims, in the forms in which it is kept.

    `facts` are those of each signer; `signers` and `terms` are JSON lists as text: of the columns
    of `models.Signer` from `number` on, and of what the version is found by. `signed_at` is the
    latest moment that a signer claims, else that of saving; None where nobody signed.
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
    signature: SignedCms | SignedXml,
    saved_at: datetime,
    content_sha256: str | None = None,
    verified: Mapping[int, datetime] | None = None,
) -> Signing:
    """Read what a parsed signature claims; who says nothing of a time signed when he saved.

    `content_sha256` is the digest of the content of a detached one, hex, if it is known that this
    is what was signed: by it alone a file is found that was signed with another digest.
    `verified` has the moments of timestamp tokens that were verified, by the signer's number.
    """
    described = describe(signature)
    digests = fingerprints(signature, described)
    content_sha256 = digests.content or content_sha256
    signed_at = max(filter(None, map(_claimed_moment, described)), default=None)
    found = terms.of_people(signer.claims for signer in described)
    found += terms.of_digests(filter(None, (*_sha256s(digests), content_sha256)))
    found += terms.of_moment(signed_at or saved_at)
    rows = [_columns(signer, (verified or {}).get(signer.number)) for signer in described]
    return Signing(
        facts=[row[-1] for row in rows],
        signers=orjson.dumps(rows).decode(),
        terms=orjson.dumps(list(dict.fromkeys(found))).decode(),
        signature_sha256=digests.signature,
        content_sha256=content_sha256,
        signed_at=signed_at or saved_at,
        format="xml" if isinstance(signature, SignedXml) else "cms",
        signature_size=digests.signature_size,
        content_size=digests.content_size,
    )


def read_text(text: str) -> Signing:
    """Read what is no signature: nobody signed it, and it is found by its digest alone."""
    encoded = text.encode()
    digest = hashlib.sha256(encoded).hexdigest()
    found = orjson.dumps(terms.of_digests([digest])).decode()
    return Signing([], "[]", found, digest, None, None, None, len(encoded), None)


def _columns(signer: SignerClaims, verified_gen_time: datetime | None) -> list[Any]:
    claims = signer.claims
    digest = signer.message_digest
    return [
        signer.number,
        claims.iin,
        claims.bin,
        terms.full_name(claims),
        signer.digest_algorithm,
        None if digest is None else digest.hex(),
        signers.moment(verified_gen_time),
        signer_facts(signer),
    ]


def _claimed_moment(signer: SignerClaims) -> datetime | None:
    """Give what the timestamp claims, else what the signer does."""
    moment = signer.timestamp.gen_time if signer.timestamp else signer.claimed_signing_time
    return None if moment is None else moment.astimezone(UTC)


def _sha256s(digests: Fingerprints) -> Iterator[str]:
    """Give every SHA-256 by which somebody may look for it: its own, and that of its content."""
    yield digests.signature
    if digests.content:
        yield digests.content
    for algorithm, digest in digests.message_digests:
        if algorithm == _SHA_256:
            yield digest
