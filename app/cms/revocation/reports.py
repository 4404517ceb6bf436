"""What each available CRL and response says about a certificate, beside the answer itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import nlargest
from typing import Literal

from app.cms.path.rules import title
from app.cms.revocation.crl import CertificateList
from app.cms.revocation.crl_entries import Revoked
from app.cms.revocation.findings import Finding
from app.cms.revocation.noted import NotedRevocation, digest_of, key_of
from app.cms.revocation.ocsp import OcspResponse
from app.cms.revocation.origins import Origin
from app.cms.revocation.sources import Doubt, Statement
from app.cms.verdict import YES, Answer, Reason, Verdict, unknown
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
    this says so; or a hold that was kept before, and is known to be lifted now. `signer` is the
    certificate with whose key it is signed; None if it is not signed by an authorised issuer or
    responder: then its dates are mere claims. `exposes`: it speaks against the key of the
    certificate at the decisive time, whatever its dates.
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
    exposes: bool = False


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
    above: Sequence[Certificate],
    found: Sequence[tuple[Statement | Doubt, Finding]],
    verdict: Verdict,
) -> list[RevocationFinding]:
    """Report what was found about a certificate; `verdict` is the answer that follows.

    `above` is the rest of its path, from its issuer. Of more than MAX_REPORTED what decides, the
    revocations and the newest are reported, and last what no authorised key has signed.
    """
    lifting = [one.this_update for one, finding in found if finding.lifts and _is_stated(one)]
    deciding = [one for _, one in found if verdict in (one.verdict, one.during)]
    # Of several the newest: it has the same effect, and says more.
    is_no = verdict.answer is Answer.NO
    decisive = max(deciding, key=lambda one: one.this_update, default=None)
    if len(found) > MAX_REPORTED:
        found = nlargest(MAX_REPORTED, found, key=lambda one: _weight(one[0], one[1], decisive))
    return [
        replace(
            _report_one(certificate, statement, finding, decides=finding is decisive),
            noted=_note_lifted(statement, finding, lifting)
            or (_note(certificate, above, statement, finding) if is_no else None),
        )
        for statement, finding in found
    ]


def report_exposing(authority: Certificate, statement: Statement) -> RevocationFinding:
    """Report that another certificate with the key of an authority was proven to be revoked."""
    doubt = unknown(
        "another certificate with the key of {subject} was revoked, and not for being superseded",
        subject=title(authority.subject),
    )
    finding = Finding(doubt, statement.this_update)
    return replace(_report_one(authority, statement, finding, decides=False), exposes=True)


def _is_stated(one: Statement | Doubt) -> bool:
    """Return whether it is the operator's or the authority's, and at hand."""
    is_noted = isinstance(one.found, NotedRevocation)
    return isinstance(one, Statement) and not (one.by_sender or is_noted)


def _note_lifted(
    statement: Statement | Doubt, finding: Finding, lifting: Sequence[datetime]
) -> NotedRevocation | None:
    """Return a hold that was kept, if it is known now when it was lifted, or that it was before."""
    kept = statement.found
    if not isinstance(kept, NotedRevocation) or not finding.hold:
        return None
    known = [kept.lifted_at] if kept.lifted_at else []
    lifted_at = min((one for one in (*lifting, *known) if one > kept.this_update), default=None)
    return None if lifted_at == kept.lifted_at else replace(kept, lifted_at=lifted_at)


def _note(
    certificate: Certificate,
    above: Sequence[Certificate],
    statement: Statement | Doubt,
    finding: Finding,
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
        key_of(above[0]),
        "ocsp" if isinstance(found, OcspResponse) else "crl",
        statement.revoked,
        statement.this_update,
        statement.next_update,
        statement.complete,
        statement.denied,
        key_of(certificate),
        key_of(above[-1]),
    )


def _weight(
    statement: Statement | Doubt, finding: Finding, decisive: Finding | None
) -> tuple[bool, bool, bool, bool, datetime]:
    """Return how much a statement counts: the sender brings any number, with any dates."""
    if isinstance(statement, Doubt):
        return False, False, False, False, statement.this_update
    is_no = finding.verdict.answer is Answer.NO
    return finding is decisive, is_no, statement.revoked is not None, True, statement.this_update


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
