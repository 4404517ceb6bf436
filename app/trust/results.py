"""What is stored of verifying a version again, beside what was found before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import NamedTuple

from app.cms import (
    YES,
    Answer,
    NotedRevocation,
    SignedData,
    SignedXml,
    SignerStatus,
)
from app.store.signatures.extraction import read_found
from app.store.signatures.judgements import Unverified
from app.store.signatures.one_signer import settle
from app.store.signatures.revocations import noted_of
from app.store.signatures.standings import (
    PENDING,
    REFUSED,
    VALUE_VALID,
    Found,
    Standing,
    Trusted,
    judge,
    was_valid,
)


class Judged(NamedTuple):
    """The results for the signers of a version, and the revocations that are to be kept."""

    found: Mapping[int, Found]
    noted: Sequence[NotedRevocation] = ()


def join(
    unverified: Unverified,
    signature: SignedData | SignedXml,
    statuses: Sequence[SignerStatus],
    trusted: Trusted,
    *,
    has_content: bool,
) -> Judged:
    """Return the results for a version, with what the earlier ones say that these can't.

    `has_content`: its content was read, though it is detached.
    """
    found = read_found(signature, statuses, trusted)
    joined = {
        number: Found(before.gen_time, before.standing, trusted.everything)
        for number, before in unverified.before.items()
    }
    for status in statuses:
        if status.number in joined:
            before, now = unverified.before[status.number], found[status.number]
            if not trusted.anchors and _is_refused(before.standing):
                continue  # Without an anchor nothing is proven: neither is anything disproven.
            kept = now if has_content else _keep(before, now, status, signature, trusted)
            joined[status.number] = kept
    return Judged(settle(joined, statuses), noted_of(statuses))


def is_other(unverified: Unverified, signature: SignedData | SignedXml) -> bool:
    """Return whether a CMS isn't the one from which the signers of the version were read.

    Results are stored by the numbers of signers, so they would be those of others.
    """
    if unverified.signature_sha256 is None or isinstance(signature, SignedXml):
        return False
    return sha256(signature.der).hexdigest() != unverified.signature_sha256


def give_up(unverified: Unverified, why: str, trusted: Trusted) -> Mapping[int, Found]:
    """Return the results for a version that can't be verified, and why."""
    standing = Standing(PENDING, why)
    return {
        number: Found(None, standing, trusted.everything)
        for number, before in unverified.before.items()
    }


def put_off(unverified: Unverified, why: str, trusted: Trusted) -> Mapping[int, Found]:
    """Return the results for a version that could not be verified this time, and why.

    None of them counts now, but what only the content could show stays known, and a refusal stays.
    """
    return {
        number: Found(before.gen_time, _put_off(before.standing, why), trusted.everything)
        for number, before in unverified.before.items()
    }


def _is_refused(standing: Standing | None) -> bool:
    return standing is not None and standing.value == REFUSED


def _put_off(before: Standing | None, why: str) -> Standing:
    if before is not None and _is_refused(before):
        return before
    return Standing(VALUE_VALID if was_valid(before) else PENDING, why)


def _keep(
    before: Found,
    now: Found,
    status: SignerStatus,
    signature: SignedData | SignedXml,
    trusted: Trusted,
) -> Found:
    """Return the new result of a signer, keeping what only the content could show.

    Without signed attributes (RFC 5652 section 5.4) the signature value can't be verified without
    the content, which was sent only with the save, and isn't kept or can't be read. Everything else
    is judged again.
    """
    lacks_content = (
        isinstance(signature, SignedData)
        and not signature.attached
        and status.valid.answer is Answer.UNKNOWN
        and not signature.signers[status.number - 1].has_signed_attributes
    )
    standing = now.standing
    if lacks_content and was_valid(before.standing):
        known = replace(status, valid=YES, intact=YES)
        standing = judge(known, digest=None, anchored=bool(trusted.anchors))
    return Found(now.gen_time, standing, trusted.everything)
