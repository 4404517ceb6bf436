"""CRLs and OCSP responses that are available, and the statement of one about a certificate.

`crl_statements` and `ocsp_statements` decide which issuer or responder may make it; `checking`
decides what a statement means at a time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from app.cms.algorithms.dates import Broken
from app.cms.budget import FREE, Budget
from app.cms.revocation.crl import CertificateList
from app.cms.revocation.crl_entries import Revoked
from app.cms.revocation.noted import NotedRevocation
from app.cms.revocation.ocsp import OcspAnswer, OcspResponse
from app.cms.verdict import Verdict
from app.cms.x509.certificate import Certificate
from app.cms.x509.names import name_key

# How long a statement without nextUpdate holds, such as those of the NCA's responders: time enough
# to sign, to get a timestamp and to save.
FRESHNESS = timedelta(minutes=10)
# The same for a decisive time that a timestamp attests, which is obtained immediately.
ATTESTED_FRESHNESS = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Statement:
    """What a CRL or a responder states about one certificate, and for which time.

    `complete`: it would say so if the certificate were revoked. `broken` is the earliest broken of
    its algorithms. `by_sender`: the sender of the signature chose it. `by_responder`: it is from an
    OCSP responder, which knows what was issued; `denied`: it says that this certificate never was
    (RFC 6960 section 2.2). `removed`: a delta CRL removes a hold. `doubt` is why it can't be relied
    on: no older statement outweighs what it says against a certificate. `found` is where it is
    stated, and `signer` the certificate with whose key that is signed, if it is at hand.
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
    signer: Certificate | None = None
    found: CertificateList | OcspResponse | NotedRevocation = field(kw_only=True)

    def until(self, *, attested: bool) -> datetime:
        """Return until when it holds, for a time that a timestamp attests or that was given."""
        freshness = ATTESTED_FRESHNESS if attested else FRESHNESS
        last = datetime.max.replace(tzinfo=UTC) - freshness
        return self.next_update or min(self.this_update, last) + freshness


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why an available CRL or response says nothing, with its dates."""

    verdict: Verdict
    this_update: datetime
    next_update: datetime | None
    found: CertificateList | OcspResponse


class RevocationData:
    """CRLs and OCSP responses, sorted by issuer and serial number."""

    def __init__(
        self,
        crls: Iterable[CertificateList] = (),
        responses: Iterable[OcspResponse] = (),
        budget: Budget | None = None,
        noted: Iterable[NotedRevocation] = (),
    ) -> None:
        """Take parsed data: the operator's, or a sender's, whose checks `budget` pays for.

        `noted` was proven before.
        """
        self.noted = tuple(noted)
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
        return not (self._crls or self._answers or self.noted)

    def has_any_about(self, certificate: Certificate) -> bool:
        """Return whether there is a response about this serial number, or a CRL of the issuer."""
        issuer = certificate.issuer_key or certificate.issuer
        return certificate.serial_number in self._answers or issuer in self._crls

    def crls_of(self, issuer: Certificate) -> Sequence[CertificateList]:
        """Return the CRLs in the name of `issuer`."""
        return self._crls.get(issuer.subject_key or issuer.subject, ())

    def answers_about(self, certificate: Certificate) -> Sequence[tuple[OcspResponse, OcspAnswer]]:
        """Return the responses with their answers about this serial number, of any issuer."""
        return self._answers.get(certificate.serial_number, ())
