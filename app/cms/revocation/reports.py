"""What each available CRL and response says about a certificate, beside the answer itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import nlargest
from typing import Literal

from app.cms.revocation.crl import CertificateList
from app.cms.revocation.crl_entries import Revoked
from app.cms.revocation.findings import Finding
from app.cms.revocation.noted import NotedRevocation, digest_of
from app.cms.revocation.ocsp import OcspResponse
from app.cms.revocation.origins import Origin
from app.cms.revocation.sources import Doubt, Statement
from app.cms.verdict import YES, Answer, Reason, Verdict
from app.cms.x509.certificate import Certificate

#: Findings about one certificate.
MAX_REPORTED = 50


@dataclass(frozen=True, slots=True)
class RevocationFinding:
    """What one CRL or OCSP response says about one certificate, for the decisive time.

    `verdict` is yes if it shows that the certificate was not revoked by then. `decides`: the answer
    about the certificate is that of this one. `produced_at` is that of a response. `revoked` is the
    revocation that it states, be it before the decisive time or later; None if it states none.
    `noted` is that revocation as it is to be kept, if the answer about the certificate is no, and
    this says so. `signer` is the certificate with whose key it is signed; None if it says nothing,
    as where nobody who may has signed it, and its dates are mere claims.
    """

    certificate: Certificate
    kind: Literal["crl", "ocsp"]
    origin: Origin
    verdict: Verdict
    this_update: datetime
    next_update: datetime | None
    produced_at: datetime | None
    decides: bool
    revoked: Revoked | None = None
    noted: NotedRevocation | None = None
    signer: Certificate | None = None
    is_delta: bool = False


@dataclass(frozen=True, slots=True)
class RevocationFailure:
    """An address that was asked about a certificate, and gave no answer that counts."""

    certificate: Certificate
    kind: Literal["crl", "ocsp"]
    address: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class RevocationStatus:
    """Whether any certificate of a chain was revoked, and what says so.

    `own` is the part of the verdict that is about the first certificate.
    """

    verdict: Verdict
    findings: tuple[RevocationFinding, ...] = ()
    own: Verdict = YES


def report(
    certificate: Certificate,
    found: Sequence[tuple[Statement | Doubt, Finding]],
    verdict: Verdict,
    *,
    issuer_key: str,
) -> list[RevocationFinding]:
    """Report what was found about a certificate; `verdict` is the answer that follows.

    `issuer_key` is the SHA-256 of its issuer's public key, hex. Of more than MAX_REPORTED the
    accusations and the newest are reported.
    """
    if len(found) > MAX_REPORTED:
        found = nlargest(MAX_REPORTED, found, key=_weight)
    deciding = [one for _, one in found if verdict in (one.verdict, one.during)]
    # Of several the newest: it has the same effect, and says more.
    decisive = max(deciding, key=lambda one: one.this_update, default=None)
    return [
        replace(
            _report_one(certificate, statement, finding, decides=finding is decisive),
            noted=_note(certificate, statement, finding, issuer_key)
            if verdict.answer is Answer.NO
            else None,
        )
        for statement, finding in found
    ]


def _note(
    certificate: Certificate, statement: Statement | Doubt, finding: Finding, issuer_key: str
) -> NotedRevocation | None:
    """Return what a statement proves against a certificate; None if it proves nothing."""
    if isinstance(statement, Doubt) or finding.verdict.answer is not Answer.NO:
        return None
    # What the sender brought is with the signature, and judges no other one.
    if statement.by_sender or statement.revoked is None:
        return None
    found = statement.found
    if isinstance(found, NotedRevocation):
        return found
    return NotedRevocation(
        digest_of(certificate),
        issuer_key,
        "ocsp" if isinstance(found, OcspResponse) else "crl",
        statement.revoked,
        statement.this_update,
        statement.next_update,
        statement.complete,
        statement.denied,
    )


def _weight(one: tuple[Statement | Doubt, Finding]) -> tuple[bool, datetime]:
    statement, finding = one
    return finding.verdict.answer is Answer.NO, statement.this_update


def _report_one(
    certificate: Certificate, statement: Statement | Doubt, finding: Finding, *, decides: bool
) -> RevocationFinding:
    source = statement.found
    kind: Literal["crl", "ocsp"] = "ocsp" if isinstance(source, OcspResponse) else "crl"
    return RevocationFinding(
        certificate=certificate,
        kind=source.kind if isinstance(source, NotedRevocation) else kind,
        origin=source.origin,
        verdict=finding.verdict,
        this_update=statement.this_update,
        next_update=statement.next_update,
        produced_at=source.produced_at if isinstance(source, OcspResponse) else None,
        decides=decides,
        revoked=None if isinstance(statement, Doubt) else statement.revoked,
        signer=None if isinstance(statement, Doubt) else statement.signer,
        is_delta=isinstance(source, CertificateList) and source.is_delta,
    )
