"""What the tests of verification share: certificates judged, and what the judgement says."""

from collections.abc import Sequence
from datetime import datetime

from app.cms.status import Verdict
from app.cms.verification import Verifier
from app.cms.x509 import Certificate, read_certificate
from tests import pki
from tests.builders import SIGNING_TIME
from tests.pki import Holder

ROOT, NCA, IVAN = pki.root(), pki.authority(), pki.person()
KEY = pki.rsa_key("some authority")


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
    """Give all reasons."""
    return "; ".join(map(str, verdict.reasons))
