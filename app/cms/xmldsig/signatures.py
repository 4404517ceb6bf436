"""The ds:Signature elements of a document (XMLDSig section 4): and what each must have."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import NoReturn

from lxml import etree

from app.cms.errors import MalformedSignature, refuse_number
from app.cms.verdict import Reason
from app.cms.xmldsig.key_info import KeyInfoReader
from app.cms.xmldsig.measures import check_name
from app.cms.xmldsig.security_tokens import DS, decode_text
from app.cms.xmldsig.xades_times import find_signing_time, read_signing_time

MAX_SIGNATURES = 256
# Incomplete signatures beside a complete one; each may have 16 KB of certificate to parse.
MAX_INCOMPLETE = 16
# References of one ds:Signature.
MAX_REFERENCES = 256
#: What is said of a document without a signature.
NO_SIGNATURE = Reason("cms: XML has no ds:Signature")


@dataclass(frozen=True, slots=True)
class XmlSignature:
    """One ds:Signature; methods are the URIs of their Algorithm attributes.

    `digest_method` is that of the first of `references`. `certificate` is the signer's (DER): the
    one of `certificates`, the candidates, whose key verifies. `uncertain`: none was found to
    verify, and others could not be read or tried. `signing_time` is what signed XAdES properties
    claim; None if there is none, or it is no time: `broken_time`.
    """

    signature_method: str
    digest_method: str
    references: int
    certificate: bytes
    certificates: tuple[bytes, ...]
    uncertain: bool
    signing_time: datetime | None
    broken_time: bool


def find_signatures(root: etree._Element) -> list[tuple[etree._Element, XmlSignature]]:
    """Read the complete ds:Signature elements. If none is complete, report what the first lacks.

    An incomplete one may be a draft, or an element of another signature's object. Raises
    MalformedSignature.
    """
    elements = list(islice(root.iter(DS + "Signature"), MAX_SIGNATURES + 1))
    if not elements:
        raise MalformedSignature(NO_SIGNATURE.template)
    if len(elements) > MAX_SIGNATURES:
        refuse_number("ds:Signature", MAX_SIGNATURES)
    reader = KeyInfoReader(root)
    complete: list[tuple[etree._Element, XmlSignature]] = []
    refusals: list[MalformedSignature] = []
    for number, element in enumerate(elements, 1):
        try:
            complete.append((element, _read_signature(element, reader, number)))
        except MalformedSignature as refusal:
            refusals.append(refusal)
        if len(refusals) > MAX_INCOMPLETE:
            raise refusals[0]
    if not complete:
        raise refusals[0]
    return complete


def _read_signature(element: etree._Element, reader: KeyInfoReader, number: int) -> XmlSignature:
    """Check ds:Signature `number`, counted from 1 in document order (XMLDSig section 4)."""
    signed_info = find_child(element, "SignedInfo", number)
    if len(element.findall(DS + "SignedInfo")) > 1:
        raise MalformedSignature(
            "cms: signature {number}: {element} must stand once",
            number=number,
            element="SignedInfo",
        )
    _algorithm(signed_info, "CanonicalizationMethod", number)
    signature_method = _algorithm(signed_info, "SignatureMethod", number)
    find_child(signed_info, "Reference", number)
    references = signed_info.findall(DS + "Reference")
    if len(references) > MAX_REFERENCES:
        refuse_number("ds:Reference", MAX_REFERENCES)
    digest_method = ""
    for reference in references:
        method = _algorithm(reference, "DigestMethod", number)
        digest_method = digest_method or method
        decode_value(find_child(reference, "DigestValue", number), number)
    decode_value(find_child(element, "SignatureValue", number), number)
    key_info = find_child(element, "KeyInfo", number)
    candidates = reader.list_candidates(element)
    signing_time = find_signing_time(element, (one.get("URI") for one in references))
    moment = read_signing_time(signing_time or "")
    certificates = candidates.certificates or _refuse_key_info(key_info, number)
    return XmlSignature(
        signature_method,
        digest_method,
        len(references),
        certificates[0],
        certificates,
        uncertain=not candidates.complete,
        signing_time=moment,
        broken_time=signing_time is not None and moment is None,
    )


def _refuse_key_info(key_info: etree._Element, number: int) -> NoReturn:
    """Return the error of a KeyInfo that contains and names no certificate."""
    element = key_info.find(f"{DS}X509Data/{DS}X509Certificate")
    if element is None:
        _refuse_missing("X509Certificate", number)
    decode_value(element, number)
    raise MalformedSignature("cms: signature {number}: certificate is malformed", number=number)


def find_child(parent: etree._Element, name: str, number: int) -> etree._Element:
    """Return the first child of a name in XMLDSig's namespace, required by signature `number`.

    Raises MalformedSignature if there is none.
    """
    element = parent.find(DS + name)
    if element is None:
        _refuse_missing(name, number)
    return element


def _algorithm(parent: etree._Element, name: str, number: int) -> str:
    """Return the Algorithm attribute of a child, a URI, which is stored: it can't be long."""
    algorithm = find_child(parent, name, number).get("Algorithm")
    if not algorithm:
        _refuse_missing(f"{name}/@Algorithm", number)
    check_name(algorithm)
    return algorithm


def decode_value(element: etree._Element, number: int) -> bytes:
    """Decode an element's base64; it must hold some. Raises MalformedSignature."""
    with suppress(ValueError):
        if value := decode_text(element):
            return value
    raise MalformedSignature(
        "cms: signature {number}: {element} is not base64",
        number=number,
        element=etree.QName(element).localname,
    )


def _refuse_missing(name: str, number: int) -> NoReturn:
    raise MalformedSignature(
        "cms: signature {number}: {element} is missing", number=number, element=name
    )
