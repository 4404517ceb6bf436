"""What each available CRL and response says about a certificate, beside the answer itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import nlargest
from typing import Literal

from app.cms.revocation.crl import CertificateList
from app.cms.revocation.crl_entries import Revoked
from app.cms.revocation.findings import Finding
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
) -> list[RevocationFinding]:
    """Report what was found about a certificate; `verdict` is the answer that follows.

    Of more than MAX_REPORTED the accusations and the newest are reported.
    """
    if len(found) > MAX_REPORTED:
        found = nlargest(MAX_REPORTED, found, key=_weight)
    deciding = [one for _, one in found if verdict in (one.verdict, one.during)]
    # Of several the newest: it has the same effect, and says more.
    decisive = max(deciding, key=lambda one: one.this_update, default=None)
    return [
        _report_one(certificate, statement, finding, decides=finding is decisive)
        for statement, finding in found
    ]


def _weight(one: tuple[Statement | Doubt, Finding]) -> tuple[bool, datetime]:
    statement, finding = one
    return finding.verdict.answer is Answer.NO, statement.this_update


def _report_one(
    certificate: Certificate, statement: Statement | Doubt, finding: Finding, *, decides: bool
) -> RevocationFinding:
    source = statement.found
    is_list = isinstance(source, CertificateList)
    return RevocationFinding(
        certificate=certificate,
        kind="crl" if is_list else "ocsp",
        origin=source.origin,
        verdict=finding.verdict,
        this_update=statement.this_update,
        next_update=statement.next_update,
        produced_at=None if isinstance(source, CertificateList) else source.produced_at,
        decides=decides,
        revoked=None if isinstance(statement, Doubt) else statement.revoked,
    )
