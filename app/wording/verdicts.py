"""The JSON in which the API and `flask verify --json` tell what is true of a signature.

What a certificate says is `claimed`, who signed beyond doubt is `verified`, and each answer is yes,
no or unknown, with its reasons in the language that the reader wants. Times are in UTC, and so they
should be in the reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from app.cms import (
    Answer,
    Claims,
    Examined,
    KnownDigest,
    SignerInfo,
    SignerStatus,
    TimestampStatus,
    Verdict,
    algorithm_name,
    every,
    iso_moment,
    name_text,
    signer_facts,
)
from app.wording.sentences import Wording

Given = Literal["now", "checked_at", "saved"]
"""Where the time comes from that counts for signers without a timestamp that holds."""


def write_verification(
    examined: Examined,
    given: Given,
    wording: Wording,
    *,
    version: int | None,
    saved_at: datetime | None,
) -> dict[str, Any]:
    """Write all that was found out about a signature: the content of POST /signature/verify.

    Args:
        examined: the signature.
        given: whose time was decisive if no timestamp's was.
        wording: how the reader wants the reasons.
        version: of a stored signature; None of one that is not stored.
        saved_at: when that was saved.
    """
    return {
        "verification": {
            "version": version,
            "saved_at": iso_moment(saved_at),
            "compared": _compared(examined),
            **write_answers(examined.statuses, wording),
            "signers": write_signers(examined, given, wording),
        }
    }


def _compared(examined: Examined) -> dict[str, Any] | None:
    """Write what the signature was compared with: the content in it or given, or a digest."""
    content = examined.content
    if isinstance(content, KnownDigest):
        told = {"algorithm": algorithm_name(content.algorithm), "digest": content.value.hex()}
        return {"what": "digest", **told}
    if content is not None:
        return {"what": "data", "size": len(content)}
    return None if examined.is_detached else {"what": "attached"}


def write_answers(statuses: Sequence[SignerStatus], wording: Wording) -> dict[str, Any]:
    """Write the three answers about a signature as a whole: each is that of the worst signer."""
    return {
        "intact": _verdict(every(*[status.intact for status in statuses]), wording),
        "valid": _verdict(every(*[status.valid for status in statuses]), wording),
        "trusted": _verdict(every(*[status.trusted for status in statuses]), wording),
    }


def write_signers(examined: Examined, given: Given, wording: Wording) -> list[dict[str, Any]]:
    """Write each signer; `given` says whose time was decisive if no timestamp's was."""
    return [
        _signer(one, status, given, wording)
        for one, status in zip(examined.signers, examined.statuses, strict=True)
    ]


def _signer(
    signer: SignerInfo, status: SignerStatus, given: Given, wording: Wording
) -> dict[str, Any]:
    attested = status.decisive_time_source == "timestamp"
    return {
        **signer_facts(signer),
        "intact": _verdict(status.intact, wording),
        "valid": _verdict(status.valid, wording),
        "path": _verdict(status.path, wording),
        "revocation": _verdict(status.revocation, wording),
        "trusted": _verdict(status.trusted, wording),
        "decisive_time": iso_moment(status.decisive_time),
        "decisive_time_source": "timestamp" if attested else given,
        "timestamp": _timestamp(status.timestamp, wording),
        "verified": _verified(signer.claims, status),
    }


def _verdict(verdict: Verdict, wording: Wording) -> dict[str, Any]:
    reasons = [wording.sentence(reason) for reason in verdict.reasons]
    return {"answer": verdict.answer.value, "reasons": reasons}


def _timestamp(status: TimestampStatus | None, wording: Wording) -> dict[str, Any] | None:
    """Write a timestamp. What it says is as good as its answer."""
    if status is None:
        return None
    serial_number, authority = status.serial_number, status.authority
    return {
        **_verdict(status.verdict, wording),
        "claimed": {
            "time": iso_moment(status.gen_time),
            "policy": status.policy,
            "serial_number": None if serial_number is None else f"{serial_number:x}",
            "authority": authority and name_text(authority.subject),
        },
    }


def _verified(claims: Claims, status: SignerStatus) -> dict[str, Any] | None:
    """Write who signed, if nothing is left to doubt; else None."""
    if status.whole.answer is not Answer.YES:
        return None
    return {
        "iin": claims.iin,
        "bin": claims.bin,
        "name": claims.common_name,
        "organisation": claims.organisation,
    }
