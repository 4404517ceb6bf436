"""X.509 certificates (RFC 5280): what they hold, taken apart and not judged.

The fields that naming a holder and checking a signature stand on are read at once. Extensions are
kept as they stand and read one by one, when somebody asks for one: a broken one harms no other.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import TypeVar

from app.cms import extensions, records
from app.cms.algorithms import AlgorithmIdentifier, PublicKey
from app.cms.ber import (
    EXPLICIT_0,
    EXPLICIT_3,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    Element,
    Scanned,
    scan,
)
from app.cms.certificates import is_lone_certificate
from app.cms.errors import CmsError, MalformedSignature
from app.cms.extensions import BasicConstraints
from app.cms.names import name_key
from app.cms.nodes import BOOLEAN, DAMAGE

# Extensions of one certificate; the NCA's have 10.
MAX_EXTENSIONS = 64

BASIC_CONSTRAINTS = "2.5.29.19"
KEY_USAGE = "2.5.29.15"
EXTENDED_KEY_USAGE = "2.5.29.37"
POLICIES = "2.5.29.32"
SUBJECT_KEY_IDENTIFIER = "2.5.29.14"
AUTHORITY_KEY_IDENTIFIER = "2.5.29.35"
SUBJECT_ALTERNATIVE_NAME = "2.5.29.17"
FRESHEST_CRL = "2.5.29.46"
CRL_DISTRIBUTION_POINTS = "2.5.29.31"
AUTHORITY_INFORMATION_ACCESS = "1.3.6.1.5.5.7.1.1"
NAME_CONSTRAINTS = "2.5.29.30"
POLICY_MAPPINGS = "2.5.29.33"
POLICY_CONSTRAINTS = "2.5.29.36"
INHIBIT_ANY_POLICY = "2.5.29.54"

# TBSCertificate has ten fields at most (section 4.1).
_MAX_FIELDS = 10
# issuerUniqueID and subjectUniqueID, which nobody uses, may stand before the extensions.
_UNIQUE_IDS = (0x81, 0xA1, 0x82, 0xA2)

# The tags that the fields of an Extension may have: extnID, critical (optional), extnValue.
_EXTENSIONS = (
    [OBJECT_IDENTIFIER, OCTET_STRING],
    [OBJECT_IDENTIFIER, BOOLEAN, OCTET_STRING],
)

Value = TypeVar("Value")


class MalformedExtension(CmsError):
    """An extension of a certificate is broken, stands twice, or may be lost in a broken list."""


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension: `value` is what extnValue wraps, still encoded.

    `repeated` is true if others with the same identifier follow, which section 4.2 forbids.
    """

    critical: bool
    value: bytes
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate; two are equal if their bytes are.

    `tbs` is the encoded TBSCertificate, which `signature` covers; `issuer` and `subject` are
    encoded Names; `signed_algorithm` is the algorithm of the signature as `tbs` repeats it, to be
    the same (section 4.1.1.2); `not_before` and `not_after` are inclusive and in UTC;
    `fingerprint` is the hex SHA-256 of `der`. If `extensions_damaged`, some extensions could not
    even be told apart.
    """

    der: bytes
    fingerprint: str = field(compare=False)
    tbs: bytes = field(compare=False, repr=False)
    signature_algorithm: AlgorithmIdentifier = field(compare=False)
    signed_algorithm: AlgorithmIdentifier = field(compare=False)
    signature: bytes = field(compare=False, repr=False)
    serial_number: int = field(compare=False)
    issuer: bytes = field(compare=False)
    subject: bytes = field(compare=False)
    not_before: datetime = field(compare=False)
    not_after: datetime = field(compare=False)
    public_key: PublicKey = field(compare=False, repr=False)
    extensions: Mapping[str, Extension] = field(compare=False, repr=False)
    extensions_damaged: bool = field(compare=False)

    @property
    def issuer_key(self) -> str | None:
        """What the issuer's name has in common with those that match it; see `names.name_key`."""
        return name_key(self.issuer)

    @property
    def subject_key(self) -> str | None:
        """What the holder's name has in common with those that match it; see `names.name_key`."""
        return name_key(self.subject)

    @property
    def self_issued(self) -> bool:
        """Whether holder and issuer have the same name (section 3.2)."""
        key = self.subject_key
        return self.issuer == self.subject or (key is not None and key == self.issuer_key)


@lru_cache(maxsize=512)
def read_certificate(der: bytes) -> Certificate:
    """Take apart an encoded Certificate (section 4.1); the last 512 are remembered.

    Raises MalformedSignature if it is none, or larger than 16 KB.
    """
    if not is_lone_certificate(der):
        raise MalformedSignature("cms: {field} is malformed", field="certificate")
    value = scan(der)
    tbs, algorithm, signature = _children(value, value.elements(0, len(der), 1)[0], 3)[:3]
    fields = _children(value, tbs, _MAX_FIELDS)
    first = 1 if fields[0][0] == EXPLICIT_0 else 0
    serial, inner, issuer, validity, subject, key = fields[first : first + 6]
    not_before, not_after = records.read_validity(_encoded(value, validity))
    listed, damaged = _read_extensions(value, fields[first + 6 :])
    return Certificate(
        der=der,
        fingerprint=hashlib.sha256(der).hexdigest(),
        tbs=_encoded(value, tbs),
        signature_algorithm=_algorithm(value, algorithm),
        signed_algorithm=_algorithm(value, inner),
        signature=_bits(value, signature),
        serial_number=int.from_bytes(_contents(value, serial), "big", signed=True),
        issuer=_encoded(value, issuer),
        subject=_encoded(value, subject),
        not_before=not_before,
        not_after=not_after,
        public_key=_public_key(value, key),
        extensions=MappingProxyType(listed),
        extensions_damaged=damaged,
    )


def _children(value: Scanned, element: Element, limit: int) -> list[Element]:
    return value.elements(element[2], element[3], limit)


def _encoded(value: Scanned, element: Element) -> bytes:
    return value.data[element[1] : element[4]]


def _contents(value: Scanned, element: Element) -> bytes:
    return value.data[element[2] : element[3]]


def _bits(value: Scanned, element: Element) -> bytes:
    """Return a BIT STRING without the octet that counts unused bits."""
    return _contents(value, element)[1:]


def _algorithm(value: Scanned, element: Element) -> AlgorithmIdentifier:
    parts = _children(value, element, 2)
    parameters = _encoded(value, parts[1]) if len(parts) > 1 else None
    return AlgorithmIdentifier(records.dotted(_contents(value, parts[0])), parameters)


def _public_key(value: Scanned, element: Element) -> PublicKey:
    algorithm, bits = _children(value, element, 2)[:2]
    return PublicKey(_algorithm(value, algorithm), _bits(value, bits), _encoded(value, element))


def _read_extensions(value: Scanned, fields: list[Element]) -> tuple[dict[str, Extension], bool]:
    """Return the extensions that can be told apart, and whether there is anything else."""
    found: dict[str, Extension] = {}
    rest = [field for field in fields if field[0] not in _UNIQUE_IDS]
    if not rest:
        return found, False
    lists = _children(value, rest[0], 1) if [part[0] for part in rest] == [EXPLICIT_3] else []
    if [part[0] for part in lists] != [SEQUENCE]:
        return found, True
    elements = _children(value, lists[0], MAX_EXTENSIONS)
    damaged = len(elements) > MAX_EXTENSIONS
    for element in elements[:MAX_EXTENSIONS]:
        try:
            oid, extension = _read_extension(value, element)
        except ValueError:
            damaged = True
            continue
        if oid in found:
            first = found[oid]
            extension = Extension(first.critical or extension.critical, first.value, repeated=True)
        found[oid] = extension
    return found, damaged


def _read_extension(value: Scanned, element: Element) -> tuple[str, Extension]:
    """Take an Extension apart (section 4.1). Raises ValueError."""
    parts = _children(value, element, 3) if element[0] == SEQUENCE else []
    layout = [part[0] for part in parts]
    if layout not in _EXTENSIONS:
        raise ValueError("not an Extension")
    critical = len(parts) == 3 and any(_contents(value, parts[1]))
    return records.dotted(_contents(value, parts[0])), Extension(
        critical, _contents(value, parts[-1])
    )


def basic_constraints(certificate: Certificate) -> BasicConstraints | None:
    """Read whether the holder is an authority (section 4.2.1.9); None if nothing is said.

    This and all that follow raise MalformedExtension if the extension is broken.
    """
    return read_extension(certificate, BASIC_CONSTRAINTS, extensions.read_basic_constraints)


def key_usage(certificate: Certificate) -> frozenset[str] | None:
    """Read what the key is for, in the names of section 4.2.1.3."""
    return read_extension(certificate, KEY_USAGE, extensions.read_key_usage)


def extended_key_usage(certificate: Certificate) -> tuple[str, ...] | None:
    """Read what the certificate is for, as object identifiers (section 4.2.1.12)."""
    return read_extension(certificate, EXTENDED_KEY_USAGE, extensions.read_purposes)


def policies(certificate: Certificate) -> tuple[str, ...] | None:
    """Read under which policies it was issued, as object identifiers (section 4.2.1.4)."""
    return read_extension(certificate, POLICIES, extensions.read_policies)


def subject_key_identifier(certificate: Certificate) -> bytes | None:
    """Read the identifier of the holder's key (section 4.2.1.2)."""
    return read_extension(certificate, SUBJECT_KEY_IDENTIFIER, extensions.read_key_identifier)


def authority_key_identifier(certificate: Certificate) -> bytes | None:
    """Read the identifier of the issuer's key (section 4.2.1.1); None also if it isn't said."""
    return read_extension(
        certificate, AUTHORITY_KEY_IDENTIFIER, extensions.read_issuer_key_identifier
    )


def subject_alternative_emails(certificate: Certificate) -> tuple[str, ...]:
    """Read the holder's e-mail addresses (section 4.2.1.6)."""
    return read_extension(certificate, SUBJECT_ALTERNATIVE_NAME, extensions.read_emails) or ()


def crl_urls(certificate: Certificate) -> tuple[str, ...]:
    """Read where revocation lists are published (section 4.2.1.13)."""
    return (
        read_extension(certificate, CRL_DISTRIBUTION_POINTS, extensions.read_distribution_points)
        or ()
    )


def delta_crl_urls(certificate: Certificate) -> tuple[str, ...]:
    """Read where delta CRLs are published, the freshest CRL (section 4.2.1.15)."""
    return read_extension(certificate, FRESHEST_CRL, extensions.read_distribution_points) or ()


def ocsp_urls(certificate: Certificate) -> tuple[str, ...]:
    """Read where the issuer answers whether it revoked the certificate (section 4.2.2.1)."""
    return (
        read_extension(certificate, AUTHORITY_INFORMATION_ACCESS, extensions.read_ocsp_addresses)
        or ()
    )


def read_extension(
    certificate: Certificate, oid: str, read: Callable[[bytes], Value]
) -> Value | None:
    """Read one extension with `read`, to which it must make sense from end to end."""
    extension = certificate.extensions.get(oid)
    if extension is None:
        if certificate.extensions_damaged:
            raise MalformedExtension("the list of extensions is broken")
        return None
    if extension.repeated:
        raise MalformedExtension("extension {oid} stands twice", oid=oid)
    try:
        return read(extension.value)
    except DAMAGE as error:
        raise MalformedExtension("extension {oid} is broken", oid=oid) from error
