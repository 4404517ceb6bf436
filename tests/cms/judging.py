"""What the tests of verification share: certificates judged, and what the judgement says."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.cms.verdict import Verdict
from app.cms.verification.verifier import Verifier
from app.cms.x509.certificate import Certificate, read_certificate
from tests import pki
from tests.pki import DAY, SIGNING_TIME, Holder, Revoked

ROOT, NCA, IVAN = pki.root(), pki.authority(), pki.person()
KEY = pki.rsa_key("some authority")
AT = SIGNING_TIME
BEFORE, AFTER = AT - DAY, AT + DAY


def read(*holders: Holder) -> list[Certificate]:
    """Read certificates as the operator would."""
    return [read_certificate(holder.certificate) for holder in holders]


def path(
    holder: Holder,
    anchors: Sequence[Holder] = (ROOT,),
    intermediates: Sequence[Holder] = (NCA,),
    at: datetime = SIGNING_TIME,
) -> Verdict:
    """Look for the path of a bare certificate."""
    verifier = Verifier(read(*anchors), intermediates=read(*intermediates))
    return verifier.verify_certificate(read_certificate(holder.certificate), at=at)[0]


def below(authority: Holder, *extensions: bytes, subject: str = "СИДОРОВ СЕМЁН") -> Holder:
    """Issue a certificate; it is a person's unless it is said otherwise."""
    key = pki.rsa_key(subject)
    return pki.certify(pki.name(subject), key, authority, extensions or pki.PERSON)


def text(verdict: Verdict) -> str:
    """Return all reasons."""
    return "; ".join(map(str, verdict.reasons))


def crl(*revoked: Revoked, by: Holder = NCA, **more: Any) -> bytes:
    """Issue a CRL that is in force at the decisive time, if `more` doesn't say otherwise."""
    return pki.crl(by, *revoked, **{"this_update": BEFORE, "next_update": AFTER, **more})


def ocsp(status: Any = "good", serial: int = IVAN.serial, **more: Any) -> bytes:
    """Answer about Ivan's certificate at the decisive time, as its issuer."""
    return pki.ocsp(NCA, serial, status, **{"this_update": AT, **more})


def revocation(
    *,
    crls: list[bytes] | None = None,
    ocsp: list[bytes] | None = None,
    of: Holder = IVAN,
    at: datetime = AT,
) -> Verdict:
    """Ask about a bare certificate whose issuer is the anchor."""
    verifier = Verifier(read(NCA), crls=crls or [], ocsp_responses=ocsp or [])
    return verifier.verify_certificate(read_certificate(of.certificate), at=at)[1]


def revoked(when: datetime, reason: int | None = None) -> Revoked:
    """Return a CRL or response that revokes Ivan's certificate."""
    return Revoked(IVAN.serial, when, reason)
