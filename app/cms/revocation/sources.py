"""CRLs and OCSP responses that are at hand, and what one of them says of one certificate.

`crl_statements` and `ocsp_statements` decide which issuer or responder may speak of it; `checking`
decides what a statement means at a time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.cms.algorithms.dates import Broken
from app.cms.budget import FREE, Budget
from app.cms.revocation.crl import CertificateList
from app.cms.revocation.crl_entries import Revoked
from app.cms.revocation.ocsp import OcspAnswer, OcspResponse
from app.cms.verdict import Verdict
from app.cms.x509.certificate import Certificate
from app.cms.x509.names import name_key

# How long a word holds that doesn't say it, as those of the NCA's responders: time enough to sign,
# to get a timestamp and to save.
FRESHNESS = timedelta(minutes=10)
# The same where the moment that counts was attested by a timestamp, which is obtained at once.
ATTESTED_FRESHNESS = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Word:
    """What a CRL or a responder says of one certificate, and for which time.

    `complete`: it would have said so if the certificate were revoked. `broken` is what of the
    algorithms that it is signed with proves nothing from some time on. `by_sender`: the sender of
    the signature chose it among others. `by_responder`: an OCSP responder says it, which knows what
    was issued; `denied`: it says that this certificate never was (RFC 6960 section 2.2). `removed`:
    a delta CRL takes a hold back. `doubt` is why it can't be relied on: no older word outweighs
    what it says against a certificate.
    """

    revoked: Revoked | None
    this_update: datetime
    next_update: datetime | None
    complete: bool
    broken: Broken | None
    by_sender: bool
    by_responder: bool = False
    denied: bool = False
    removed: bool = False
    doubt: Verdict | None = None

    def until(self, *, attested: bool) -> datetime:
        """Return until when it holds, for a moment that a timestamp attested or that was given."""
        freshness = ATTESTED_FRESHNESS if attested else FRESHNESS
        last = datetime.max.replace(tzinfo=UTC) - freshness
        return self.next_update or min(self.this_update, last) + freshness


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a CRL or a response that is at hand says nothing, and from when it is."""

    verdict: Verdict
    this_update: datetime


class RevocationData:
    """CRLs and OCSP responses, sorted by whom they are about."""

    def __init__(
        self,
        crls: Iterable[CertificateList] = (),
        responses: Iterable[OcspResponse] = (),
        budget: Budget | None = None,
    ) -> None:
        """Take what has been read: the operator's, or a sender's, for which `budget` pays."""
        self.by_sender = budget is not None
        self.budget = budget or FREE
        self._crls: dict[bytes | str, list[CertificateList]] = {}
        for crl in crls:
            self._crls.setdefault(name_key(crl.issuer) or crl.issuer, []).append(crl)
        self._answers: dict[int, list[tuple[OcspResponse, OcspAnswer]]] = {}
        for response in responses:
            for answer in response.answers:
                serial = answer.about.serial_number
                self._answers.setdefault(serial, []).append((response, answer))

    @property
    def is_empty(self) -> bool:
        """Whether there are none."""
        return not (self._crls or self._answers)

    def crls_of(self, issuer: Certificate) -> Sequence[CertificateList]:
        """Return the CRLs that bear the name of `issuer`."""
        return self._crls.get(issuer.subject_key or issuer.subject, ())

    def answers_about(self, certificate: Certificate) -> Sequence[tuple[OcspResponse, OcspAnswer]]:
        """Return the responses, and what of them is about this serial number, whoever issued it."""
        return self._answers.get(certificate.serial_number, ())
