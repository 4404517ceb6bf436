"""The values of certificate extensions (RFC 5280 section 4.2): encoded values in, values out.

Scanning a certificate does not look into extension values, so each is scanned here. Every function
raises one of node.DAMAGE if the value is broken.
"""

import re
from dataclasses import dataclass

from app.cms.asn1 import tags
from app.cms.asn1.node import Fields, Node, read_node, read_primitive

# Values in one extension; the NCA's have five.
MAX_VALUES = 64

# Policies, mappings or names in one extension: more than fit into the 16 KB of a certificate.
# Processing them is paid for by number.
_MAX_LISTED = 1 << 14

_OCSP = "1.3.6.1.5.5.7.48.1"

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

# Identifier octets: choices of GeneralName (section 4.2.1.6), and the identifier of a key.
_EMAIL = 0x81
_URI = 0x86
_KEY_IDENTIFIER = 0x80
_EMPTY_SEQUENCE = b"\x30\x00"
# SkipCerts of PolicyConstraints (section 4.2.1.11).
_EXPLICIT_POLICY, _INHIBIT_MAPPING = 0x80, 0x81
# Some old certificates of the NCA have two addresses in one, with line ends between.
_ADDRESS = re.compile(r"(?:https?|ldaps?)://[!-~]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class BasicConstraints:
    """Whether the subject is a CA, and how many CAs may be below it."""

    ca: bool
    path_length: int | None


@dataclass(frozen=True, slots=True)
class PolicyConstraints:
    """After how many more certificates policies must be explicit, and may not be mapped."""

    explicit: int | None
    inhibit_mapping: int | None


def read_basic_constraints(extension: bytes) -> BasicConstraints:
    """Read BasicConstraints (section 4.2.1.9)."""
    fields = Fields(_list(extension))
    ca = fields.optional(tags.BOOLEAN)
    path_length = fields.optional(tags.INTEGER)
    fields.end()
    length = path_length.integer() if path_length else None
    if length is not None and length < 0:
        raise ValueError("a path length can't be negative")
    return BasicConstraints(any(ca.contents) if ca else False, length)


def read_key_usage(extension: bytes) -> frozenset[str]:
    """Read KeyUsage (section 4.2.1.3)."""
    octets = read_primitive(extension, tags.BIT_STRING)
    if len(octets) not in (2, 3):
        raise ValueError("not a BIT STRING of some nine bits")
    bits = "".join(f"{octet:08b}" for octet in octets[1:])
    return frozenset(name for name, bit in zip(_KEY_USAGES, bits, strict=False) if bit == "1")


def read_purposes(extension: bytes) -> tuple[str, ...]:
    """Read ExtKeyUsageSyntax (section 4.2.1.12)."""
    return tuple(purpose.identifier() for purpose in _list(extension))


def read_policies(extension: bytes) -> tuple[str, ...]:
    """Read the identifiers of CertificatePolicies (section 4.2.1.4)."""
    return tuple(
        policy.fields().take(tags.OBJECT_IDENTIFIER).identifier() for policy in _list(extension)
    )


def read_policy_qualifiers(extension: bytes) -> tuple[str, ...]:
    """Read the qualifier types in CertificatePolicies (section 4.2.1.4)."""
    found: list[str] = []
    for policy in _list(extension, _MAX_LISTED):
        fields = policy.fields(2)
        fields.take(tags.OBJECT_IDENTIFIER)
        qualifiers = fields.optional(tags.SEQUENCE)
        listed = qualifiers.children(_MAX_LISTED) if qualifiers else []
        found += [one.fields(2).take(tags.OBJECT_IDENTIFIER).identifier() for one in listed]
    return tuple(found)


def read_all_policies(extension: bytes) -> frozenset[str]:
    """Read the identifiers of CertificatePolicies, without a limit. There must be at least one."""
    listed = _list(extension, _MAX_LISTED)
    if not listed:
        raise ValueError("no policy")
    return frozenset(
        policy.fields(2).take(tags.OBJECT_IDENTIFIER).identifier() for policy in listed
    )


def read_policy_mappings(extension: bytes) -> tuple[tuple[str, str], ...]:
    """Read PolicyMappings (section 4.2.1.5): pairs of an issuer's and a subject's policy."""
    found: list[tuple[str, str]] = []
    for mapping in _list(extension, _MAX_LISTED):
        issuers, subjects = mapping.expect(tags.SEQUENCE).children(2)
        found.append((issuers.identifier(), subjects.identifier()))
    return tuple(found)


def read_policy_constraints(extension: bytes) -> PolicyConstraints:
    """Read PolicyConstraints (section 4.2.1.11), of which one field must be present."""
    fields = Fields(_list(extension))
    explicit, mapping = fields.optional(_EXPLICIT_POLICY), fields.optional(_INHIBIT_MAPPING)
    fields.end()
    if explicit is None and mapping is None:
        raise ValueError("no constraint")
    return PolicyConstraints(
        _skip_certs(explicit.contents) if explicit else None,
        _skip_certs(mapping.contents) if mapping else None,
    )


def read_inhibit_any_policy(extension: bytes) -> int:
    """Read InhibitAnyPolicy (section 4.2.1.14)."""
    return _skip_certs(read_primitive(extension, tags.INTEGER))


def _skip_certs(contents: bytes) -> int:
    """Read SkipCerts, a number of certificates."""
    number = int.from_bytes(contents, "big", signed=True)
    if not contents or number < 0:
        raise ValueError("not a number of certificates")
    return number


def read_key_identifier(extension: bytes) -> bytes:
    """Read SubjectKeyIdentifier (section 4.2.1.2)."""
    identifier = read_primitive(extension, tags.OCTET_STRING)
    if not identifier:
        raise ValueError("not an OCTET STRING of some bytes")
    return identifier


def read_issuer_key_identifier(extension: bytes) -> bytes | None:
    """Read the keyIdentifier of AuthorityKeyIdentifier (section 4.2.1.1); None if it has none."""
    identifier = Fields(_list(extension)).optional(_KEY_IDENTIFIER)
    return identifier.contents if identifier else None


def read_emails(extension: bytes) -> tuple[str, ...]:
    """Read the rfc822Names of SubjectAltName (section 4.2.1.6)."""
    return tuple(name.contents.decode() for name in _list(extension) if name.tag == _EMAIL)


def read_distribution_points(extension: bytes) -> tuple[str, ...]:
    """Read the addresses in CRLDistributionPoints (section 4.2.1.13).

    They are in [0] fullName in [0] distributionPoint of each.
    """
    found: list[str] = []
    for point in _list(extension):
        name = point.fields().optional(tags.EXPLICIT_0)
        full_name = Fields(name.children()).optional(tags.EXPLICIT_0) if name else None
        if full_name:
            found += _addresses(full_name.children(MAX_VALUES))
    return tuple(found)


def read_complete_points(extension: bytes) -> tuple[str, ...]:
    """Read the addresses of those points at which the issuer's own CRL is for all reasons."""
    found: list[str] = []
    for point in _list(extension):
        fields = point.fields()
        name = fields.optional(tags.EXPLICIT_0)
        full_name = Fields(name.children()).optional(tags.EXPLICIT_0) if name else None
        if full_name and not fields.rest():  # No reasons, and no cRLIssuer.
            found += _addresses(full_name.children(MAX_VALUES))
    return tuple(found)


def read_ocsp_addresses(extension: bytes) -> tuple[str, ...]:
    """Read the OCSP addresses in AuthorityInfoAccess (section 4.2.2.1)."""
    found: list[str] = []
    for description in _list(extension):
        kind, location = description.children()
        if kind.identifier() == _OCSP:
            found += _addresses([location])
    return tuple(found)


def _list(extension: bytes, limit: int = MAX_VALUES) -> list[Node]:
    """Scan an extension that is a SEQUENCE of something, and return its elements."""
    if extension == _EMPTY_SEQUENCE:
        return []
    return read_node(extension).children(limit)


def _addresses(names: list[Node]) -> list[str]:
    """Return the addresses among GeneralNames."""
    return [
        address
        for name in names
        if name.tag == _URI
        for address in _ADDRESS.findall(name.contents.decode("latin-1"))
    ]
