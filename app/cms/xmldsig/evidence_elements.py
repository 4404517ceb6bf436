"""What evidence may stand in unsigned properties (XAdES, ETSI EN 319 132-1 section 5).

A copy with evidence has such properties anyway, and a remark says so. So that no words are hidden
among them, everything else in there is named beside them.
"""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from app.cms.asn1 import tags
from app.cms.asn1.node import DAMAGE, Node, read_node, tags_of, unscanned_node
from app.cms.signed_data.timestamp_token import TimestampToken
from app.cms.x509.certificate import read_certificate
from app.cms.xmldsig.canonical_budget import Budget
from app.cms.xmldsig.parsing import MAX_DOCUMENT
from app.cms.xmldsig.security_tokens import DS, decode
from app.cms.xmldsig.signature_parts import XADES, is_displaced

_OBJECT, _METHOD = DS + "Object", DS + "CanonicalizationMethod"
# Elements that hold others -> those.
_CONTAINERS = {
    "UnsignedProperties": ("UnsignedSignatureProperties",),
    "UnsignedSignatureProperties": (
        "SignatureTimeStamp",
        "CertificateValues",
        "RevocationValues",
        "TimeStampValidationData",
    ),
    "SignatureTimeStamp": ("EncapsulatedTimeStamp",),
    "TimeStampValidationData": ("CertificateValues", "RevocationValues"),
    "CertificateValues": ("EncapsulatedX509Certificate",),
    "RevocationValues": ("CRLValues", "OCSPValues"),
    "CRLValues": ("EncapsulatedCRLValue",),
    "OCSPValues": ("EncapsulatedOCSPValue",),
}
# Costs of a character, in the unit of `canonical_budget.BUDGET`: of decoding it, and of scanning
# the token that it is of; and the most characters that are scanned.
_DECODED, _SCANNED, _MAX_SCANNED = 2, 30, 400_000


def _read_token(der: bytes) -> object:
    return TimestampToken(read_node(der)).claims


def _read_outline(der: bytes) -> Node:
    node = unscanned_node(der)
    if node.size != len(der):
        raise ValueError("cut, or followed by something")
    return node


def _read_signed(der: bytes) -> object:
    """Read a CRL or a BasicOCSPResponse: data, an algorithm and a signature."""
    fields = _read_outline(der).fields()
    return fields.take(tags.SEQUENCE), fields.take(tags.SEQUENCE), fields.take(tags.BIT_STRING)


def _read_response(der: bytes) -> object:
    """Read an OCSPResponse (RFC 6960 section 4.2.1), or the BasicOCSPResponse in it."""
    fields = _read_outline(der).children()
    if tags_of(fields) != bytes((tags.ENUMERATED, tags.EXPLICIT_0)):
        return _read_signed(der)
    kind, response = fields[1].only().children(2)
    return kind.identifier(), _read_signed(response.octets())


# Elements of base64 -> what reads them; it raises one of DAMAGE for anything else.
_VALUES: dict[str, Callable[[bytes], object]] = {
    "EncapsulatedTimeStamp": _read_token,
    "EncapsulatedX509Certificate": read_certificate,
    "EncapsulatedCRLValue": _read_signed,
    "EncapsulatedOCSPValue": _read_response,
}


def is_properties(element: etree._Element) -> bool:
    """Return whether an element is UnsignedProperties, where these belong."""
    return _name_of(element) == "UnsignedProperties" and _is_in(element, "QualifyingProperties")


def holds_properties(element: etree._Element) -> bool:
    """Return whether an element is a ds:Object or QualifyingProperties with such properties."""
    if is_displaced(element):
        return False
    if element.tag == _OBJECT:
        return any(map(_is_holder, element.iterchildren("*")))
    return _is_holder(element)


def _is_holder(element: etree._Element) -> bool:
    is_named = _name_of(element) == "QualifyingProperties"
    return is_named and any(map(is_properties, element.iterchildren("*")))


def _is_in(element: etree._Element, name: str) -> bool:
    above = element.getparent()
    return above is not None and _name_of(above) == name


def is_expected(element: etree._Element) -> bool:
    """Return whether an element belongs into the one above, which is among unsigned properties."""
    above = element.getparent()
    name = "" if above is None else _name_of(above)
    if element.tag == _METHOD:
        return name == "SignatureTimeStamp"
    return _name_of(element) in _CONTAINERS.get(name, ())


def is_value(element: etree._Element) -> bool:
    """Return whether an element holds a value, and no others."""
    return _name_of(element) in _VALUES


def is_evidence(element: etree._Element, budget: Budget) -> bool:
    """Return whether a value is what its name says: a token, a certificate, a CRL or a response.

    Raises Undecided if the budget doesn't allow an answer.
    """
    read, size = _VALUES[_name_of(element)], len(element.text or "")
    is_scanned = read is _read_token
    if is_scanned and size > _MAX_SCANNED:
        return False
    budget.spend(size * (_SCANNED if is_scanned else _DECODED))
    try:
        read(decode(element, MAX_DOCUMENT))
    except DAMAGE:
        return False
    return True


def _name_of(element: etree._Element) -> str:
    """Return the name of an element of XAdES; empty for others."""
    tag = etree.QName(element)
    return tag.localname if f"{{{tag.namespace}}}" in XADES else ""
