"""What a XAdES signature holds that lasts: timestamps, certificates, CRLs and OCSP responses.

They are in its unsigned properties (ETSI EN 319 132-1 sections 5.3 to 5.5), which anyone may have
added: nothing is verified here, and none of it is believed for being there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

from lxml import etree

from app.cms.xmldsig.canonical_forms import Form, Undecided, read_form
from app.cms.xmldsig.document import SignedDocument
from app.cms.xmldsig.parsing import MAX_DOCUMENT
from app.cms.xmldsig.security_tokens import DS, UNREADABLE, decode
from app.cms.xmldsig.signatures import find_child
from app.cms.xmldsig.xades_parts import UNSIGNED_PROPERTIES

#: Timestamps that are read of one ds:Signature, and certificates, CRLs or responses of a document.
MAX_STAMPS, MAX_VALUES = 16, 256
# Bytes of a canonical ds:SignatureValue; one of RSA has some 1,500 with its declarations. Up to
# 4,096 of them are in memory together, if timestamps canonicalise it by turns in different forms.
_MAX_STAMPED = 16_384
# Without these bytes a document has no such properties, whatever else it is.
_MARK = b"UnsignedSignatureProperties"
_METHOD = DS + "CanonicalizationMethod"
# The values stand alone, or with those of one timestamp (section 5.5.1).
_WITHIN = ("", "{*}TimeStampValidationData/")
_CERTIFICATE = "{*}CertificateValues/{*}EncapsulatedX509Certificate"
_CRL = "{*}RevocationValues/{*}CRLValues/{*}EncapsulatedCRLValue"
_RESPONSE = "{*}RevocationValues/{*}OCSPValues/{*}EncapsulatedOCSPValue"


@dataclass(frozen=True, slots=True)
class XadesStamp:
    """A token in a SignatureTimeStamp, encoded, and the octets that it must be over.

    `stamped` is None if these can't be known: they take too much to make, or what the timestamp
    covers is described in a way of earlier versions.
    """

    token: bytes
    stamped: bytes | None


@dataclass(frozen=True, slots=True)
class UnsignedValues:
    """The values of one ds:Signature, as encoded; what is no base64 is left out."""

    stamps: tuple[XadesStamp, ...] = ()
    certificates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsp_responses: tuple[bytes, ...] = ()


def read_values(document: SignedDocument, xml: bytes) -> tuple[UnsignedValues, ...]:
    """Return the values of each ds:Signature of a document, `xml`."""
    if _MARK not in xml:
        return (UnsignedValues(),) * len(document.signatures)
    return tuple(_read(document, number) for number in document.signatures)


def _read(document: SignedDocument, number: int) -> UnsignedValues:
    properties = list(islice(document.signatures[number].iterfind(UNSIGNED_PROPERTIES), 1))
    holders = (one for each in properties for one in each.iterfind("{*}SignatureTimeStamp"))
    read = (_read_stamp(document, number, one) for one in islice(holders, MAX_STAMPS))
    stamps = chain.from_iterable(read)
    return UnsignedValues(
        tuple(islice(stamps, MAX_STAMPS)),
        _decode_all(properties, _CERTIFICATE),
        _decode_all(properties, _CRL),
        _decode_all(properties, _RESPONSE),
    )


def _decode_all(properties: list[etree._Element], path: str) -> tuple[bytes, ...]:
    """Return the values at a path, alone or with those of a timestamp."""
    elements = (
        one for each in properties for within in _WITHIN for one in each.iterfind(within + path)
    )
    decoded = (decode(one, MAX_DOCUMENT) for one in islice(elements, MAX_VALUES))
    return tuple(der for der in decoded if der != UNREADABLE)


def _read_stamp(
    document: SignedDocument, number: int, holder: etree._Element
) -> Iterator[XadesStamp]:
    """Return the tokens of a SignatureTimeStamp (section 5.3), each over the same octets."""
    stamped: bytes | None = None
    value = find_child(document.signatures[number], "SignatureValue", number)
    try:
        form = _read_form(holder)
        if form is not None and document.canonicaliser.disputed(value, form) is None:
            pieces = document.canonicaliser.octets(value, form)
            # Each timestamp has the octets for itself.
            stamped = b"".join(pieces) if sum(map(len, pieces)) <= _MAX_STAMPED else None
    except Undecided:
        stamped = None
    for element in islice(holder.iterfind("{*}EncapsulatedTimeStamp"), MAX_STAMPS):
        yield XadesStamp(decode(element, MAX_DOCUMENT), stamped)


def _read_form(holder: etree._Element) -> Form | None:
    """Return how ds:SignatureValue is canonicalised: inclusively, where nothing is said.

    None if the timestamp names what it is over, which only other timestamps do. Raises Undecided.
    """
    method = holder.find(_METHOD)
    for part in holder.iterchildren("*"):
        known = ("EncapsulatedTimeStamp", "XMLTimeStamp")
        if part is not method and etree.QName(part).localname not in known:
            return None
    return Form() if method is None else read_form(method)
