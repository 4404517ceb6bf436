"""Attributes that signatures and their tokens need, and whose values are no sentences."""

import re

from lxml import etree

from app.cms.xmldsig.security_tokens import BINARY_TOKEN, DS, TOKEN_REFERENCE, WSSE

XENC = "{http://www.w3.org/2001/04/xmlenc#}"
WSSE_11 = "{http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd}"
CONFIRMATION = WSSE_11 + "SignatureConfirmation"

XML = "{http://www.w3.org/XML/1998/namespace}"
# By element; any element may have an Id.
_ATTRIBUTES = {
    WSSE + "KeyIdentifier": ("ValueType", "EncodingType"),
    WSSE + "Reference": ("ValueType", "URI"),
    BINARY_TOKEN: ("ValueType", "EncodingType"),
    TOKEN_REFERENCE: (WSSE_11 + "TokenType",),
    CONFIRMATION: ("Value",),
    "{http://www.w3.org/2009/xmldsig11#}NamedCurve": ("URI",),
    "{http://www.w3.org/2009/xmldsig11#}X509Digest": ("Algorithm",),
    DS + "DigestMethod": ("Algorithm",),
    XENC + "EncryptionMethod": ("Algorithm",),
    XENC + "DataReference": ("URI",),
    XENC + "KeyReference": ("URI",),
}
_TARGET = ("Target",)
# XML's own attributes. Where one applies to a part that is signed, `frame_attributes` reports it.
_OF_XML = (XML + "id", XML + "base", XML + "lang", XML + "space")
# An identifier or a reference: nothing that reads as a sentence.
_PLAIN = re.compile(r"[!-~]{0,200}")


def is_customary(element: etree._Element, name: str, value: str) -> bool:
    """Return whether a signature needs the attribute, and its value is no sentence."""
    local = etree.QName(name).localname
    customary = _ATTRIBUTES.get(str(element.tag), ())
    if etree.QName(element).localname == "QualifyingProperties":
        customary = _TARGET
    is_known = local.lower() == "id" or name in customary or name in _OF_XML
    return is_known and is_plain(value)


def is_plain(value: str) -> bool:
    """Return whether a value has no blanks and is short: it is no sentence."""
    return bool(_PLAIN.fullmatch(value))
