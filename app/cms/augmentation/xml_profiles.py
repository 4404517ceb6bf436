"""Forms of a signed XML document with its evidence: T and LT of XAdES (ETSI EN 319 132-1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.cms.augmentation.errors import NOT_KNOWN, CannotAugment
from app.cms.augmentation.evidence import SignerEvidence, require_on, time_on
from app.cms.augmentation.profiles import Profile
from app.cms.augmentation.xades_elements import Branch, unsigned_properties
from app.cms.augmentation.xml_splicing import splice
from app.cms.budget import Budget
from app.cms.errors import MalformedSignature
from app.cms.parsing import parse_xml
from app.cms.revocation.crl import CertificateList
from app.cms.revocation.ocsp import OcspResponse
from app.cms.revocation.sources import RevocationData
from app.cms.revocation.values import full_response
from app.cms.verdict import Reason
from app.cms.verification.embedded_revocation import read_brought
from app.cms.x509.certificate import Certificate, read_certificate
from app.cms.xmldsig.examination import examine_xml
from app.cms.xmldsig.parsing import MAX_DOCUMENT, SignedXml
from app.cms.xmldsig.signatures import XmlSignature
from app.cms.xmldsig.unsigned_values import UnsignedValues
from app.cms.xmldsig.verification import XmlChecked, check_xml

_NONE = SignerEvidence()
_TOO_LARGE = Reason("the document would become too large")


@dataclass(frozen=True, slots=True)
class _Case:
    """One signature: what the document has of it, and what is to be added."""

    number: int
    parsed: XmlSignature
    present: UnsignedValues
    stamped: bytes | None
    evidence: SignerEvidence


def augment_xml(
    signature: SignedXml, evidence: Mapping[int, SignerEvidence], profile: Profile
) -> SignedXml:
    """Return a copy of a document, in a profile, with the evidence of each signer by its number.

    No timestamp is verified, nor any certificate; but that nothing signed changes is made sure.
    Each reference is followed in the document and in the copy. If the copy needs nothing, it is
    the same document. Raises:
        MalformedSignature: `signature` was not returned by `parse`, or a certificate is damaged.
        MalformedRevocation: an OCSP response or a CRL is damaged.
        CannotAugment: the evidence doesn't suffice for the profile, or there is no place for it.
    """
    found = examine_xml(signature, stamped=True)
    rows = zip(signature.signatures, found.values, found.stamped, strict=True)
    cases = [_Case(number, *row, evidence.get(number, _NONE)) for number, row in enumerate(rows, 1)]
    tokens = {case.number: _stamp(case) for case in cases}
    if profile is Profile.LT:
        _check_size(signature, cases)
        _check_covered(cases)
        branches = {case.number: _collect(case, tokens[case.number]) for case in cases}
    else:
        branches = {
            number: unsigned_properties(each, (), (), ()) for number, each in tokens.items()
        }
    additions = {number: branch for number, branch in branches.items() if branch is not None}
    return _add(signature, additions, found.checked) if additions else signature


def _stamp(case: _Case) -> list[bytes]:
    """Return the new token, if there is one that is not there yet. Raises CannotAugment."""
    token = case.evidence.token
    present = [one.token for one in case.present.stamps if _is_on_value(one.token, one.stamped)]
    if token is None:
        if not present:
            raise CannotAugment("signer {number} has no timestamp", number=case.number)
        return []
    require_on(token, case.stamped or b"", case.number)
    return [] if token in present else [token]


def _is_on_value(token: bytes, stamped: bytes | None) -> bool:
    return stamped is not None and time_on(token, stamped) is not None


def _check_size(signature: SignedXml, cases: Iterable[_Case]) -> None:
    """Refuse what has no place in a document before it is encoded. Raises CannotAugment."""
    listed = [
        *(one.evidence.crls for one in cases),
        *(one.evidence.ocsp_responses for one in cases),
    ]
    size = sum(len(der) for ders in listed for der in ders)
    if len(signature.xml) + size > MAX_DOCUMENT:
        raise CannotAugment(_TOO_LARGE.template)


def _check_covered(cases: Iterable[_Case]) -> None:
    """Refuse LT for a signer about whom there are no revocation data, new or present.

    Raises CannotAugment or MalformedRevocation.
    """
    for case in cases:
        certificate = read_certificate(case.parsed.certificate)
        new = RevocationData(
            map(CertificateList, case.evidence.crls),
            map(OcspResponse, case.evidence.ocsp_responses),
        )
        present = read_brought(case.present.crls, case.present.ocsp_responses, Budget())
        if not (new.has_any_about(certificate) or present.has_any_about(certificate)):
            raise CannotAugment("signer {number} has no revocation data", number=case.number)


def _collect(case: _Case, tokens: Iterable[bytes]) -> Branch | None:
    """Return what LT adds to a signature. Raises MalformedSignature or MalformedRevocation."""
    given, present = case.evidence, case.present
    certificates = [Certificate.parse(der).der for der in given.certificates]
    return unsigned_properties(
        tokens,
        _without(certificates, (*present.certificates, *case.parsed.certificates)),
        _without(given.crls, present.crls),
        _without(map(full_response, given.ocsp_responses), present.ocsp_responses),
    )


def _without(values: Iterable[bytes], present: Iterable[bytes]) -> list[bytes]:
    """Return values that are not there yet, each once."""
    known = set(present)
    return [one for one in dict.fromkeys(values) if one not in known]


def _add(
    signature: SignedXml, additions: Mapping[int, Branch], before: Sequence[XmlChecked]
) -> SignedXml:
    """Return the copy of what was checked `before`.

    Raises CannotAugment if what is signed would change, or may do.
    """
    if not all(one.matches for one in before):
        raise CannotAugment(NOT_KNOWN.template)
    try:
        copy = parse_xml(splice(signature, additions))
        after = check_xml(copy)
    except MalformedSignature as error:
        raise CannotAugment(_TOO_LARGE.template) from error
    if list(map(_signed_by, before)) != list(map(_signed_by, after)):
        raise CannotAugment("evidence inside would change what is signed")
    return copy


def _signed_by(checked: XmlChecked) -> tuple[object, ...]:
    """Return what a verification of a signature depends on."""
    return (
        checked.parsed,
        checked.matches,
        checked.intact.answer,
        checked.signed_digest,
        checked.signature_value,
    )
