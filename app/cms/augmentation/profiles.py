"""Forms of a CMS with its evidence: T and LT of CAdES, and that of a card of a document."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from app.cms.asn1.node import read_node
from app.cms.augmentation.additions import Additions, add
from app.cms.augmentation.errors import CannotAugment
from app.cms.augmentation.evidence import SignerEvidence, is_near, times_of
from app.cms.budget import Budget
from app.cms.errors import MalformedSignature
from app.cms.revocation.crl import CertificateList
from app.cms.revocation.ocsp import OcspResponse
from app.cms.revocation.sources import RevocationData
from app.cms.revocation.values import (
    REVOCATION_VALUES,
    SIGNATURE_TIMESTAMP,
    basic_response,
    encode_attribute,
    encode_ocsp_info,
    encode_revocation_values,
    full_response,
)
from app.cms.signed_data.parsing import SignedData, parse_signed_data
from app.cms.signed_data.signer_info import SignerInfo
from app.cms.verification.embedded_revocation import read_embedded
from app.cms.x509.certificate import Certificate

_NONE = SignerEvidence()


class Profile(StrEnum):
    """What a copy contains beside the signature."""

    #: A timestamp of each signer (ETSI EN 319 122-1 section 5.3).
    T = "T"
    #: The same, with certificates and revocation data in SignedData (section 5.4).
    LT = "LT"
    #: Of a detached CMS: a timestamp and revocation-values in each signer, for a card of an
    #: electronic document (kaarkz/ddcard).
    DDCARD = "ddcard"


def augment(cms: bytes, evidence: Mapping[int, SignerEvidence], profile: Profile) -> bytes:
    """Return a copy of a CMS, in a profile, with the evidence of each signer by its number.

    Nothing is verified, and nothing of the signature changes. Raises:
        MalformedSignature: it is no CMS that can be read, or a certificate is damaged.
        MalformedRevocation: an OCSP response or a CRL is damaged.
        CannotAugment: the evidence doesn't suffice for the profile.
    """
    try:
        signature = parse_signed_data(read_node(cms))
    except ValueError as error:
        raise MalformedSignature("cms: {field} is malformed", field="SignedData") from error
    for number in evidence:
        if not 0 < number <= len(signature.signers):
            raise CannotAugment("there is no signer {number}", number=number)
    cases = [(signer, evidence.get(signer.number, _NONE)) for signer in signature.signers]
    attributes = {signer.number: _stamp(signer, each) for signer, each in cases}
    additions = Additions(attributes)
    if profile is Profile.LT:
        _check_covered(signature, cases)
        additions = _collect(attributes, [each for _, each in cases])
    elif profile is Profile.DDCARD:
        additions = Additions(_value_attributes(signature, cases, attributes))
    return add(signature.content_info, additions)


def _stamp(signer: SignerInfo, evidence: SignerEvidence) -> list[bytes]:
    """Return the attribute with a new token, if there is one. Raises CannotAugment."""
    if not times_of(signer, evidence):
        raise CannotAugment("signer {number} has no timestamp", number=signer.number)
    present = {token.node.encoded for token in signer.tokens}
    if evidence.token is None or evidence.token in present:
        return []
    return [encode_attribute(SIGNATURE_TIMESTAMP, evidence.token)]


def _check_covered(
    signature: SignedData, cases: Iterable[tuple[SignerInfo, SignerEvidence]]
) -> None:
    """Refuse LT for a signer about whom there are no revocation data, new or present.

    Raises CannotAugment or MalformedRevocation.
    """
    present = read_embedded(signature, Budget())
    for signer, evidence in cases:
        new = RevocationData(
            map(CertificateList, evidence.crls), map(OcspResponse, evidence.ocsp_responses)
        )
        if not (new.has_any_about(signer.certificate) or present.has_any_about(signer.certificate)):
            raise CannotAugment("signer {number} has no revocation data", number=signer.number)


def _collect(attributes: Mapping[int, list[bytes]], kept: Iterable[SignerEvidence]) -> Additions:
    """Return what LT adds. Raises MalformedSignature or MalformedRevocation."""
    certificates: list[bytes] = []
    infos: list[bytes] = []
    for evidence in kept:
        certificates += [Certificate.parse(der).der for der in evidence.certificates]
        infos += _checked(evidence.crls)
        infos += [encode_ocsp_info(full_response(der)) for der in evidence.ocsp_responses]
    return Additions(attributes, certificates, infos)


def _value_attributes(
    signature: SignedData,
    cases: Iterable[tuple[SignerInfo, SignerEvidence]],
    attributes: Mapping[int, list[bytes]],
) -> dict[int, list[bytes]]:
    """Return the attributes of a card. Raises CannotAugment or MalformedRevocation."""
    if signature.attached:
        raise CannotAugment("a card of an electronic document needs a detached signature")
    found: dict[int, list[bytes]] = {}
    for signer, evidence in cases:
        moments = times_of(signer, evidence)
        if not all(is_near(signer.certificate, evidence, moment) for moment in moments):
            raise CannotAugment(
                "signer {number} has no revocation data of the time of the timestamp",
                number=signer.number,
            )
        basic = [basic_response(der) for der in evidence.ocsp_responses]
        values = encode_revocation_values(_checked(evidence.crls), basic)
        values_attribute = encode_attribute(REVOCATION_VALUES, values)
        found[signer.number] = [*attributes[signer.number], values_attribute]
    return found


def _checked(crls: Iterable[bytes]) -> list[bytes]:
    """Return CRLs that can be read. Raises MalformedRevocation."""
    listed = list(crls)
    for der in listed:
        CertificateList(der)
    return listed
