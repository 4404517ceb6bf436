"""What each source says about the revocation of a certificate: NCANode's list, with a result.

NCANode has one entry for the CRL, first, and one for each OCSP responder. Which source is asked is
decided here, not by the caller: the list has those that were asked, and those that were at hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeAlias

from app.api.ncanode3.fields import SOURCES
from app.api.ncanode3.moments import write_moment
from app.cms import (
    FRESHNESS,
    Answer,
    CertificateStatus,
    RevocationFinding,
    SignerStatus,
)
from app.wording.sentences import Wording

Status: TypeAlias = SignerStatus | CertificateStatus
Result = Literal["ACTIVE", "REVOKED", "UNKNOWN", "UNAVAILABLE", "EXPIRED"]

#: CRLReason (RFC 5280 section 5.3.1) by its number, in Java's words.
_REASONS = (
    "UNSPECIFIED",
    "KEY_COMPROMISE",
    "CA_COMPROMISE",
    "AFFILIATION_CHANGED",
    "SUPERSEDED",
    "CESSATION_OF_OPERATION",
    "CERTIFICATE_HOLD",
    "UNUSED",
    "REMOVE_FROM_CRL",
    "PRIVILEGE_WITHDRAWN",
    "AA_COMPROMISE",
)
#: What a source without a complaint is said to say.
_GOOD = {"crl": "", "ocsp": "OK"}


def write_revocations(
    status: Status, asked: Sequence[str], wording: Wording
) -> list[dict[str, Any]]:
    """Return the entries about a certificate: none if nothing was asked.

    But a revocation that counts is there in any case, since it decides.
    """
    findings = _one_of_each(one for one in status.findings if one.certificate == status.certificate)
    written = [_write_finding(one, status, wording) for one in findings]
    if not asked:
        return [entry for entry in written if entry["revoked"]]
    known = {_source(one) for one in findings}
    for failure in status.failures:
        if failure.certificate == status.certificate and _source(failure) not in known:
            known.add(_source(failure))
            written.append(_unavailable(failure.kind, wording.sentence(failure.reason)))
    written += _write_silent(status, asked, written, wording)
    return sorted(written, key=lambda entry: bool(entry["by"] != "CRL"))


def _write_silent(
    status: Status, asked: Sequence[str], written: Sequence[dict[str, Any]], wording: Wording
) -> list[dict[str, Any]]:
    """Return an entry for each kind of source that was wanted, and about which nothing is known.

    None is wanted once another one has answered.
    """
    if status.revocation.answer is not Answer.UNKNOWN or not status.revocation.reasons:
        return []
    why = wording.sentence(status.revocation.reasons[0])
    present = {entry["by"] for entry in written}
    return [_unavailable(kind, why) for kind in SOURCES if kind in asked and kind not in present]


def _source(one: Any) -> tuple[str, str | None]:
    """Return what identifies a source: all CRLs are one, a responder is one by its address."""
    if one.kind == "crl":
        return one.kind, None
    return one.kind, one.origin.address if isinstance(one, RevocationFinding) else one.address


def _one_of_each(findings: Iterable[RevocationFinding]) -> list[RevocationFinding]:
    """Choose the finding of each source that says most: the one that decides, or the newest."""
    chosen: dict[tuple[str, str | None], RevocationFinding] = {}
    for one in findings:
        other = chosen.get(_source(one))
        if other is None or _weight(one) > _weight(other):
            chosen[_source(one)] = one
    return list(chosen.values())


def _weight(one: RevocationFinding) -> tuple[bool, bool, Any]:
    return one.decides, one.verdict.answer is Answer.NO, one.this_update


def _write_finding(one: RevocationFinding, status: Status, wording: Wording) -> dict[str, Any]:
    result = _result(one, status)
    reason = _GOOD[one.kind]
    if result == "REVOKED":
        reason = _name_reason(one)
    elif one.verdict.reasons:
        reason = wording.sentence(one.verdict.reasons[0])
    return {
        "revoked": result == "REVOKED",
        "by": one.kind.upper(),
        "revocationTime": one.revoked and write_moment(one.revoked.when),
        "reason": reason,
        "result": result,
    }


def _result(one: RevocationFinding, status: Status) -> Result:
    """Return what a source says about the certificate at the decisive time."""
    if one.verdict.answer is Answer.YES:
        return "ACTIVE"
    if one.verdict.answer is Answer.NO and one.revoked is not None:
        return "REVOKED"
    if one.signer is None:  # Its dates may be anybody's.
        return "UNKNOWN"
    until = one.next_update or one.this_update + FRESHNESS
    is_old = one.verdict.answer is Answer.UNKNOWN and until < status.decisive_time
    return "EXPIRED" if is_old else "UNKNOWN"


def _name_reason(one: RevocationFinding) -> str:
    """Return the name of the CRLReason; empty if there is none, or none by that number."""
    number = one.revoked.reason if one.revoked else None
    return _REASONS[number] if number is not None and number < len(_REASONS) else ""


def _unavailable(kind: str, why: str) -> dict[str, Any]:
    return {
        "revoked": False,
        "by": kind.upper(),
        "revocationTime": None,
        "reason": why,
        "result": "UNAVAILABLE",
    }
