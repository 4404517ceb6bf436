"""The elements of XMLDSig and XAdES, and what each may have for a text (their schemas).

Those of KeyInfo are left to `key_info_checks`, which compares them with the certificates.
"""

import re
from collections.abc import Callable
from functools import partial

from lxml import etree

from app.cms.xmldsig.customary import is_plain
from app.cms.xmldsig.security_tokens import DS
from app.cms.xmldsig.signature_parts import XADES, is_blank

# Characters of a text, such as the name of a city or a role; and of the name of an issuer.
_MAX_TEXT, _MAX_NAME = 200, 1000
# What base64 doesn't have: another character, padding in its middle, or a line as short as a word.
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/=\s]|=\s*[^=\s]|(?<!\S)\S{1,31}\s+\S", re.ASCII)

_OF_XMLDSIG = {
    "": (
        "Signature SignedInfo CanonicalizationMethod SignatureMethod Reference Transforms Transform"
        " DigestMethod Object Manifest SignatureProperties SignatureProperty"
    ),
    "base64": "SignatureValue DigestValue",
    "plain": "HMACOutputLength X509SerialNumber",
    "text": "XPath",
    "name": "X509IssuerName",
}
# EN 319 132-1 (1.3.2 and 1.4.1), and the older versions of TS 101 903.
_OF_XADES = {
    "": (
        "Any QualifyingProperties QualifyingPropertiesReference SignedProperties"
        " SignedSignatureProperties SignedDataObjectProperties UnsignedProperties"
        " UnsignedSignatureProperties UnsignedDataObjectProperties UnsignedDataObjectProperty"
        " ObjectIdentifier DocumentationReferences Include HashDataInfo ReferenceInfo"
        " SigningCertificate SigningCertificateV2 Cert CertDigest DigestMethod IssuerSerial"
        " SignaturePolicyIdentifier SignaturePolicyId SignaturePolicyImplied SigPolicyId"
        " SigPolicyHash SigPolicyQualifiers SigPolicyQualifier SPUserNotice NoticeRef NoticeNumbers"
        " SPDocSpecification SignaturePolicyStore CounterSignature DataObjectFormat"
        " CommitmentTypeIndication CommitmentTypeId AllSignedDataObjects CommitmentTypeQualifiers"
        " CommitmentTypeQualifier SignatureProductionPlace SignatureProductionPlaceV2 SignerRole"
        " SignerRoleV2 ClaimedRoles CertifiedRoles CertifiedRolesV2 SignedAssertions"
        " SignedAssertion OtherAttributeCertificate AllDataObjectsTimeStamp"
        " IndividualDataObjectsTimeStamp SignatureTimeStamp XMLTimeStamp OtherTimeStamp"
        " XAdESTimeStamp CompleteCertificateRefs CompleteCertificateRefsV2 CertRefs"
        " CompleteRevocationRefs CRLRefs CRLRef DigestAlgAndValue CRLIdentifier OCSPRefs OCSPRef"
        " OCSPIdentifier ResponderID OtherRefs OtherRef AttributeCertificateRefs"
        " AttributeCertificateRefsV2 AttributeRevocationRefs SigAndRefsTimeStamp"
        " SigAndRefsTimeStampV2 RefsOnlyTimeStamp RefsOnlyTimeStampV2 CertificateValues"
        " RevocationValues CRLValues OCSPValues OtherValues OtherValue OtherCertificate"
        " AttrAuthoritiesCertValues AttributeRevocationValues ArchiveTimeStamp"
        " ArchiveTimeStampV2 TimeStampValidationData RenewedDigests RenewedDigestsV2"
    ),
    "base64": (
        "DigestValue RecomputedDigestValue IssuerSerialV2 EncapsulatedTimeStamp"
        " EncapsulatedPKIData EncapsulatedX509Certificate EncapsulatedCRLValue"
        " EncapsulatedOCSPValue X509AttributeCertificate CertifiedRole ByKey"
        " SignaturePolicyDocument"
    ),
    "plain": (
        "SigningTime IssueTime ProducedAt Number int Identifier DocumentationReference SPURI"
        " MimeType Encoding ObjectReference SigPolDocLocalURI"
    ),
    "text": (
        "City StreetAddress StateOrProvince PostalCode CountryName ClaimedRole Description"
        " Organization ExplicitText"
    ),
    "name": "Issuer ByName",
}


def _is_base64(text: str) -> bool:
    return not _NOT_BASE64.search(text)


def _is_short(text: str, limit: int) -> bool:
    return len(text.strip()) <= limit


_KINDS: dict[str, Callable[[str], bool]] = {
    "": is_blank,
    "base64": _is_base64,
    "plain": lambda text: is_plain(text.strip()),
    "text": partial(_is_short, limit=_MAX_TEXT),
    "name": partial(_is_short, limit=_MAX_NAME),
}
_CUSTOMARY = {
    namespace + name: _KINDS[kind]
    for namespace, listed in ((DS, _OF_XMLDSIG), *((one, _OF_XADES) for one in XADES))
    for kind, names in listed.items()
    for name in names.split()
}


def says_nothing_new(element: etree._Element) -> bool:
    """Return whether the standards define an element, and its text is a value that it may have."""
    allows = _CUSTOMARY.get(str(element.tag))
    texts = (element.text, *(part.tail for part in element))
    return allows is not None and all(is_blank(text) or allows(text or "") for text in texts)
