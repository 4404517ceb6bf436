"""SignerInfo (RFC 5652 section 5.3), read in place by the reader of scanned lists.

There is one in each signature that is saved, so this is where speed counts; certificates, of which
an office has few, are left to asn1crypto.
"""

from dataclasses import dataclass
from typing import Literal

from app.cms.ber import (
    CONSTRUCTED_OCTET_STRING,
    EXPLICIT_0,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    Element,
    Scanned,
)
from app.cms.oids import dotted

SignerIdentifier = Literal["issuerAndSerialNumber", "subjectKeyIdentifier"]
"""How a SignerInfo names its certificate."""

_NULL = b"\x05\x00"
_IMPLICIT_0 = 0x80
_UNSIGNED_ATTRIBUTES = 0xA1

# The tags that the fields of a SignerInfo may have: version, sid, digestAlgorithm, signedAttrs
# (optional), signatureAlgorithm, signature, unsignedAttrs (optional).
_LAYOUTS = {
    bytes((INTEGER, sid, SEQUENCE, *signed, SEQUENCE, signature, *unsigned))
    for sid in (SEQUENCE, _IMPLICIT_0)
    for signed in ((), (EXPLICIT_0,))
    for signature in (OCTET_STRING, CONSTRUCTED_OCTET_STRING)
    for unsigned in ((), (_UNSIGNED_ATTRIBUTES,))
}
_MAX_FIELDS = 7


@dataclass(frozen=True, slots=True)
class SignerInfo:
    """The fields of a SignerInfo.

    `identifier` is the SignerIdentifier whose choice `identified_by` names; `signed_attributes`
    holds the attributes side by side, or is None.
    """

    identified_by: SignerIdentifier
    identifier: Element
    digest_algorithm: str
    signed_attributes: Element | None
    signature_algorithm: str
    has_signature: bool


def read_signer_info(value: Scanned, element: Element) -> SignerInfo | None:
    """Read the SignerInfo that is `element` of the value; None if it is malformed."""
    fields = value.elements(element[2], element[3], _MAX_FIELDS)
    layout = bytes([field[0] for field in fields])
    if element[0] != SEQUENCE or layout not in _LAYOUTS or fields[0][2] == fields[0][3]:
        return None
    attributes = fields[3] if layout[3] == EXPLICIT_0 else None
    algorithm, signature = fields[4:6] if attributes else fields[3:5]
    try:
        return SignerInfo(
            "issuerAndSerialNumber" if layout[1] == SEQUENCE else "subjectKeyIdentifier",
            fields[1],
            _algorithm(value, fields[2]),
            attributes,
            _algorithm(value, algorithm),
            _is_filled(value, signature),
        )
    except ValueError:
        return None


def group_same(value: Scanned, elements: list[Element]) -> list[tuple[Element, ...]]:
    """Sort SignerInfos into signers: the same one, written twice, is one signer.

    What nobody signed, the unsigned attributes, makes no difference: a copy may have a timestamp
    that the other has not. The order is that of the first of each.
    """
    if len(elements) == 1:
        return [(elements[0],)]
    found: dict[bytes, list[Element]] = {}
    for element in elements:
        found.setdefault(_without_unsigned(value, element), []).append(element)
    return [tuple(same) for same in found.values()]


def _without_unsigned(value: Scanned, element: Element) -> bytes:
    """Return the contents of a SignerInfo up to its unsigned attributes, if it is one."""
    tag, _, start, stop, _ = element
    fields = value.elements(start, stop, _MAX_FIELDS) if tag == SEQUENCE else []
    if fields and fields[-1][0] == _UNSIGNED_ATTRIBUTES:
        stop = fields[-1][1]
    return value.data[start:stop]


def _algorithm(value: Scanned, identifier: Element) -> str:
    """Return the algorithm of an AlgorithmIdentifier, dotted (RFC 5280 section 4.1.1.2).

    Nearly all are an object identifier alone, or one with NULL behind it.
    """
    data, start, stop = value.data, identifier[2], identifier[3]
    if data.endswith(_NULL, start, stop):
        stop -= 2
    if (
        stop - start > 2
        and data[start] == OBJECT_IDENTIFIER
        and start + 2 + data[start + 1] == stop
    ):
        return dotted(data[start + 2 : stop])
    parts = value.elements(start, identifier[3], 2)
    if not parts or len(parts) > 2 or parts[0][0] != OBJECT_IDENTIFIER:
        raise ValueError("not an AlgorithmIdentifier")
    return dotted(data[parts[0][2] : parts[0][3]])


def _is_filled(value: Scanned, signature: Element) -> bool:
    """Return whether an OCTET STRING holds anything. Raises ValueError if it is none."""
    size = value.count_octets(signature)
    if size is None:
        raise ValueError("not an OCTET STRING")
    return size > 0
