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
    elements,
)
from app.cms.records import dotted

SignerIdentifier = Literal["issuerAndSerialNumber", "subjectKeyIdentifier"]
"""How a SignerInfo names its certificate."""

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

    `identifier` holds the contents octets of the SignerIdentifier whose choice `identified_by`
    names; `signed_attributes` are the encoded attributes side by side, or None.
    """

    identified_by: SignerIdentifier
    identifier: bytes
    digest_algorithm: str
    signed_attributes: bytes | None
    signature_algorithm: str
    has_signature: bool


def read_signer_info(der: bytes, element: Element) -> SignerInfo | None:
    """Read the SignerInfo that is `element` of scanned bytes; None if it is malformed."""
    fields = elements(der, element[2], element[3], _MAX_FIELDS)
    layout = bytes([field[0] for field in fields])
    if element[0] != SEQUENCE or layout not in _LAYOUTS or fields[0][2] == fields[0][3]:
        return None
    attributes = fields[3] if layout[3] == EXPLICIT_0 else None
    algorithm, signature = fields[4:6] if attributes else fields[3:5]
    try:
        return SignerInfo(
            "issuerAndSerialNumber" if layout[1] == SEQUENCE else "subjectKeyIdentifier",
            der[fields[1][2] : fields[1][3]],
            _algorithm(der, fields[2]),
            der[attributes[2] : attributes[3]] if attributes else None,
            _algorithm(der, algorithm),
            _is_filled(der, signature),
        )
    except ValueError:
        return None


def _algorithm(der: bytes, identifier: Element) -> str:
    """Give the algorithm of an AlgorithmIdentifier, dotted (RFC 5280 section 4.1.1.2)."""
    parts = elements(der, identifier[2], identifier[3], 2)
    if not parts or len(parts) > 2 or parts[0][0] != OBJECT_IDENTIFIER:
        raise ValueError("not an AlgorithmIdentifier")
    return dotted(der[parts[0][2] : parts[0][3]])


def _is_filled(der: bytes, signature: Element) -> bool:
    """Tell whether an OCTET STRING, which BER may cut into pieces, holds anything."""
    if signature[0] == OCTET_STRING:
        return signature[3] > signature[2]
    pieces = elements(der, signature[2], signature[3])
    if any(piece[0] != OCTET_STRING for piece in pieces):
        raise ValueError("not an OCTET STRING")
    return any(piece[3] > piece[2] for piece in pieces)
