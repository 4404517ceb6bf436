"""The JSON result of verification, for the API and `flask verify --json`.

What a certificate says is `claimed`, a proven signer is `verified`, and each answer is yes, no or
unknown, with its reasons in the reader's language. Times are in UTC, and should be so in the
reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from app.cms import (
    Claims,
    Examined,
    KnownDigest,
    KnownDigests,
    RevocationFinding,
    SignerInfo,
    SignerStatus,
    TimestampStatus,
    Verdict,
    algorithm_name,
    certificate_facts,
    every,
    iso_moment,
    name_text,
    signer_facts,
)
from app.wording.sentences import Wording

#: Findings about revocation for one signer, or one timestamp.
MAX_FINDINGS = 50

Given = Literal["now", "checked_at", "saved"]
"""The source of the time that counts for signers without a valid timestamp."""


def write_verification(
    examined: Examined,
    given: Given,
    wording: Wording,
    *,
    version: int | None,
    saved_at: datetime | None,
) -> dict[str, Any]:
    """Return the results for a signature: the content of POST /signature/verify.

    Args:
        examined: the signature.
        given: the source of the decisive time if no timestamp's was.
        wording: language and zone of the reasons.
        version: of a stored signature; else None.
        saved_at: when that version was saved.
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
    """Return what the signature was compared with: attached, given or kept content, or a digest."""
    content = examined.content
    if isinstance(content, KnownDigest):
        compared = {"algorithm": algorithm_name(content.algorithm), "digest": content.value.hex()}
        return {"what": "digest", **compared}
    if isinstance(content, KnownDigests):
        digests = {algorithm_name(one.algorithm): one.value.hex() for one in content.digests}
        return {"what": "kept", "size": content.size, "digests": digests}
    if content is not None:
        return {"what": "data", "size": len(content)}
    return None if examined.is_detached else {"what": "attached"}


def write_answers(statuses: Sequence[SignerStatus], wording: Wording) -> dict[str, Any]:
    """Return the three answers for the signature as a whole: each is that of the worst signer."""
    return {
        "intact": write_verdict(every(*[status.intact for status in statuses]), wording),
        "valid": write_verdict(every(*[status.valid for status in statuses]), wording),
        "trusted": write_verdict(every(*[status.trusted for status in statuses]), wording),
    }


def write_signers(examined: Examined, given: Given, wording: Wording) -> list[dict[str, Any]]:
    """Return each signer; `given` is the source of the decisive time if no timestamp's was."""
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
        "intact": write_verdict(status.intact, wording),
        "valid": write_verdict(status.valid, wording),
        "path": write_verdict(status.path, wording),
        "revocation": write_verdict(status.revocation, wording),
        "trusted": write_verdict(status.trusted, wording),
        "decisive_time": iso_moment(status.decisive_time),
        "decisive_time_source": "timestamp" if attested else given,
        **_proof(status, wording),
        "timestamp": status.timestamp and write_timestamp(status.timestamp, wording),
        "verified": _verified(signer.claims, status),
    }


def write_verdict(verdict: Verdict, wording: Wording) -> dict[str, Any]:
    """Return an answer with its reasons."""
    reasons = [wording.sentence(reason) for reason in verdict.reasons]
    return {"answer": verdict.answer.value, "reasons": reasons}


def write_timestamp(status: TimestampStatus, wording: Wording) -> dict[str, Any]:
    """Return a timestamp. Its time is as reliable as its answer."""
    serial_number, authority = status.serial_number, status.authority
    return {
        **write_verdict(status.verdict, wording),
        "claimed": {
            "time": iso_moment(status.gen_time),
            "policy": status.policy,
            "serial_number": None if serial_number is None else f"{serial_number:x}",
            "authority": authority and name_text(authority.subject),
        },
        **_proof(status, wording),
    }


def _proof(status: SignerStatus | TimestampStatus, wording: Wording) -> dict[str, Any]:
    """Return the anchor that a certificate leads to, and what says whether it was revoked."""
    anchor, findings = status.anchor, status.findings[:MAX_FINDINGS]
    named = anchor and {"name": name_text(anchor.subject), "sha256": anchor.fingerprint}
    return {
        "anchor": named,
        "revocation_findings": [_finding(one, wording) for one in findings],
    }


def _finding(finding: RevocationFinding, wording: Wording) -> dict[str, Any]:
    """Return what one CRL or OCSP response says about one certificate."""
    facts = certificate_facts(finding.certificate)
    return {
        **write_verdict(finding.verdict, wording),
        "decides": finding.decides,
        "type": finding.kind,
        "source": finding.origin.place,
        "address": finding.origin.address,
        "certificate": {name: facts[name] for name in ("serial_number", "subject", "issuer")},
        "this_update": iso_moment(finding.this_update),
        "next_update": iso_moment(finding.next_update),
        "produced_at": iso_moment(finding.produced_at),
    }


def _verified(claims: Claims, status: SignerStatus) -> dict[str, Any] | None:
    """Return the proven signer, if no doubt is left; else None."""
    if not status.names_signer:
        return None
    return {
        "iin": claims.iin,
        "bin": claims.bin,
        "name": claims.common_name,
        "organisation": claims.organisation,
    }
