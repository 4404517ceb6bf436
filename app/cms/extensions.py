"""What the extensions of certificates hold (RFC 5280 section 4.2): encoded values in, values out.

An extension's value is opaque to whoever scanned the certificate, so each is scanned here anew.
Every function raises MalformedSignature, ValueError or IndexError if the value is broken.
"""

import re
from dataclasses import dataclass

from app.cms.ber import (
    EXPLICIT_0,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    Element,
    Scanned,
    scan,
)
from app.cms.records import dotted

# Values in one extension; the NCA's have five.
MAX_VALUES = 64

_OCSP = "1.3.6.1.5.5.7.48.1"
_CA_ISSUERS = "1.3.6.1.5.5.7.48.2"

# The names of section 4.2.1.3, by their bits.
_KEY_USAGES = (
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
)

# Identifier octets: universal types, and choices of GeneralName (section 4.2.1.6).
_BOOLEAN = 0x01
_BIT_STRING = 0x03
_EMAIL = 0x81
_URI = 0x86
_KEY_IDENTIFIER = 0x80
_EMPTY_SEQUENCE = b"\x30\x00"
# Some old certificates of the NCA have two addresses in one, with line ends between.
_ADDRESS = re.compile(r"(?:https?|ldaps?)://[!-~]+")


@dataclass(frozen=True, slots=True)
class BasicConstraints:
    """Whether the holder is an authority, and how many authorities may stand below it."""

    ca: bool
    path_length: int | None


def read_basic_constraints(extension: bytes) -> BasicConstraints:
    """Read BasicConstraints (section 4.2.1.9)."""
    value, parts = _list(extension, 2)
    ca = False
    if parts and parts[0][0] == _BOOLEAN:
        ca = any(_contents(value, parts.pop(0)))
    if not parts:
        return BasicConstraints(ca, None)
    length = int.from_bytes(_contents(value, parts[0]), "big", signed=True)
    if len(parts) > 1 or parts[0][0] != INTEGER or not 0 <= length < 256:
        raise ValueError("neither a path length nor nothing")
    return BasicConstraints(ca, length)


def read_key_usage(extension: bytes) -> frozenset[str]:
    """Read KeyUsage (section 4.2.1.3)."""
    size = len(extension) - 2
    if extension[0] != _BIT_STRING or extension[1] != size or size not in (2, 3):
        raise ValueError("not a BIT STRING of some nine bits")
    bits = "".join(f"{octet:08b}" for octet in extension[3:])
    return frozenset(name for name, bit in zip(_KEY_USAGES, bits, strict=False) if bit == "1")


def read_purposes(extension: bytes) -> tuple[str, ...]:
    """Read ExtKeyUsageSyntax (section 4.2.1.12)."""
    value, purposes = _list(extension)
    return tuple(_identifier(value, purpose) for purpose in purposes)


def read_policies(extension: bytes) -> tuple[str, ...]:
    """Read the identifiers of CertificatePolicies (section 4.2.1.4)."""
    value, policies = _list(extension)
    return tuple(_identifier(value, _parts(value, policy)[0]) for policy in policies)


def read_key_identifier(extension: bytes) -> bytes:
    """Read SubjectKeyIdentifier (section 4.2.1.2)."""
    size = len(extension) - 2
    if extension[0] != OCTET_STRING or extension[1] != size or not 0 < size < 0x80:
        raise ValueError("not an OCTET STRING of some bytes")
    return extension[2:]


def read_issuer_key_identifier(extension: bytes) -> bytes | None:
    """Read the keyIdentifier of AuthorityKeyIdentifier (section 4.2.1.1); None if it has none."""
    value, parts = _list(extension, 3)
    found = [_contents(value, part) for part in parts if part[0] == _KEY_IDENTIFIER]
    return found[0] if found else None


def read_emails(extension: bytes) -> tuple[str, ...]:
    """Read those of SubjectAltName that are rfc822Name (section 4.2.1.6)."""
    value, names = _list(extension)
    return tuple(_contents(value, name).decode() for name in names if name[0] == _EMAIL)


def read_distribution_points(extension: bytes) -> tuple[str, ...]:
    """Read the addresses in CRLDistributionPoints (section 4.2.1.13).

    They stand in [0] fullName in [0] distributionPoint of each.
    """
    value, points = _list(extension)
    found: list[str] = []
    for point in points:
        for name in _tagged(value, point):
            for full_name in _tagged(value, name):
                found += _addresses(value, _parts(value, full_name))
    return tuple(found)


def read_ocsp_addresses(extension: bytes) -> tuple[str, ...]:
    """Read where AuthorityInfoAccess (section 4.2.2.1) has OCSP answered."""
    return _read_access(extension, _OCSP)


def read_issuer_addresses(extension: bytes) -> tuple[str, ...]:
    """Read where AuthorityInfoAccess has the issuer's certificate."""
    return _read_access(extension, _CA_ISSUERS)


def _read_access(extension: bytes, method: str) -> tuple[str, ...]:
    value, descriptions = _list(extension)
    found: list[str] = []
    for description in descriptions:
        kind, location = _parts(value, description)
        if _identifier(value, kind) == method:
            found += _addresses(value, [location])
    return tuple(found)


def _list(extension: bytes, limit: int = MAX_VALUES) -> tuple[Scanned, list[Element]]:
    """Scan an extension that is a SEQUENCE of something, and give its elements."""
    if extension == _EMPTY_SEQUENCE:
        return Scanned(extension, {}), []
    value = scan(extension)
    return value, _parts(value, value.elements(0, len(extension), 1)[0], limit)


def _parts(value: Scanned, element: Element, limit: int = MAX_VALUES) -> list[Element]:
    """Give the elements inside of a constructed one."""
    parts = value.elements(element[2], element[3], limit) if element[0] & 0x20 else []
    if len(parts) > limit or not parts:
        raise ValueError("too many values, or none")
    return parts


def _tagged(value: Scanned, element: Element) -> list[Element]:
    """Give the elements tagged [0] inside of a constructed one."""
    return [part for part in _parts(value, element) if part[0] == EXPLICIT_0]


def _contents(value: Scanned, element: Element) -> bytes:
    return value.data[element[2] : element[3]]


def _identifier(value: Scanned, element: Element) -> str:
    if element[0] != OBJECT_IDENTIFIER:
        raise ValueError("not an object identifier")
    return dotted(_contents(value, element))


def _addresses(value: Scanned, names: list[Element]) -> list[str]:
    """Give the addresses among GeneralNames."""
    return [
        address
        for name in names
        if name[0] == _URI
        for address in _ADDRESS.findall(_contents(value, name).decode("latin-1"))
    ]
