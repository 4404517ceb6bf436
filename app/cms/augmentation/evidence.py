"""The evidence kept of one signer, read before anything is spliced."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.cms.algorithms.registry import digest
from app.cms.asn1.node import DAMAGE, read_node
from app.cms.augmentation.errors import CannotAugment
from app.cms.errors import Undecidable
from app.cms.revocation.crl import CertificateList
from app.cms.revocation.ocsp import OcspResponse
from app.cms.signed_data.signer_info import SignerInfo
from app.cms.signed_data.timestamp_token import TimestampToken
from app.cms.x509.certificate import Certificate, MalformedExtension, delta_crl_urls
from app.cms.x509.names import same_name

#: How far an OCSP answer may be from the timestamp in a card of an electronic document.
CARD_TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class SignerEvidence:
    """What is kept of one signer, encoded.

    `token` is a TimeStampToken on its signature value, None if the signature has one already.
    `certificates` are those of the chains, the signer's and the TSA's; `ocsp_responses` are
    OCSPResponses or BasicOCSPResponses, and `crls` CertificateLists, about either.
    """

    token: bytes | None = None
    certificates: Sequence[bytes] = ()
    ocsp_responses: Sequence[bytes] = ()
    crls: Sequence[bytes] = ()


def times_of(signer: SignerInfo, evidence: SignerEvidence) -> list[datetime]:
    """Return the genTimes of all tokens on the signature value, the present ones and the new one.

    Raises CannotAugment if the new one is damaged, or on another signature.
    """
    times = (_time_on(token, signer.signature) for token in signer.tokens)
    present = [time for time in times if time is not None]
    if evidence.token is None:
        return present
    return [*present, require_on(evidence.token, signer.signature, signer.number)]


def require_on(token: bytes, value: bytes, number: int) -> datetime:
    """Return the genTime of an encoded token on what it must stamp.

    Raises CannotAugment if it is damaged, or on another signature than that of signer `number`.
    """
    time = time_on(token, value)
    if time is None:
        raise CannotAugment(
            "the timestamp token for signer {number} is not on this signature", number=number
        )
    return time


def time_on(token: bytes, value: bytes) -> datetime | None:
    """Return the genTime of an encoded token if its imprint is of a value; else None."""
    try:
        return _time_on(TimestampToken(read_node(token)), value)
    except DAMAGE:
        return None


def _time_on(token: TimestampToken, value: bytes) -> datetime | None:
    try:
        claims = token.claims
        imprint = digest(claims.imprint_algorithm, value)
    except (Undecidable, *DAMAGE):
        return None
    return claims.gen_time if imprint == claims.imprint else None


def is_near(certificate: Certificate, evidence: SignerEvidence, moment: datetime) -> bool:
    """Return whether the evidence about a certificate is as near a timestamp as a card needs.

    That is a good OCSP answer within 5 minutes, or a CRL that was current, with a delta CRL if the
    certificate names one. Raises MalformedRevocation.
    """
    responses = map(OcspResponse, evidence.ocsp_responses)
    times = [time for one in responses for time in one.list_good(certificate)]
    if any(abs(time - moment) <= CARD_TOLERANCE for time in times):
        return True
    lists = [CertificateList(der) for der in evidence.crls]
    ours = [one for one in lists if same_name(one.issuer, certificate.issuer)]
    current = [one for one in ours if _is_current(one, moment)]
    has_delta = any(one.is_delta for one in current) or not _names_delta(certificate)
    return has_delta and any(not one.is_delta for one in current)


def _is_current(crl: CertificateList, moment: datetime) -> bool:
    return crl.next_update is not None and crl.this_update <= moment <= crl.next_update


def _names_delta(certificate: Certificate) -> bool:
    try:
        return bool(delta_crl_urls(certificate))
    except MalformedExtension:
        return True
