"""X.509 certificates (RFC 5280): parsing, without judging.

The fields needed to name a subject and to check a signature are read at once. Extensions are kept
encoded and read one by one, when needed: a broken one does not affect the others.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import TypeVar

from app.cms.algorithms.public_keys import read_public_key
from app.cms.algorithms.registry import AlgorithmIdentifier, PublicKey
from app.cms.asn1.node import DAMAGE, Node, read_node, tags_of
from app.cms.asn1.tags import BIT_STRING, EXPLICIT_0, EXPLICIT_3, INTEGER, SEQUENCE
from app.cms.asn1.times import read_any_time
from app.cms.errors import CmsError, MalformedSignature
from app.cms.x509 import extensions
from app.cms.x509.names import name_key, same_name

# Bytes. A certificate of the NCA has 1,000 to 2,200. The limit bounds the extensions, whose values
# `ber.scan` does not look into.
MAX_CERTIFICATE_SIZE = 16 * 1024
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
# The tags of Certificate, and of TBSCertificate from serialNumber to subjectPublicKeyInfo.
_CERTIFICATE = bytes((SEQUENCE, SEQUENCE, BIT_STRING))
_TBS_CERTIFICATE = bytes((INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE))
# issuerUniqueID and subjectUniqueID, which are out of use, may precede the extensions.
_UNIQUE_IDS = (0x81, 0xA1, 0x82, 0xA2)

Value = TypeVar("Value")


class MalformedExtension(CmsError):
    """An extension of a certificate is broken, occurs twice, or may be hidden in a broken list."""


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension: `value` is the encoded value in extnValue.

    `repeated` is true if others with the same identifier follow, which section 4.2 forbids.
    """

    critical: bool
    value: bytes
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate; two are equal if their bytes are.

    `tbs` is the encoded TBSCertificate, which `signature` covers; `issuer` and `subject` are
    encoded Names; `signed_algorithm` is the signature algorithm inside `tbs`, which must be the
    same (section 4.1.1.2); `not_before` and `not_after` are inclusive and in UTC; `fingerprint` is
    the hex SHA-256 of `der`. If `extensions_damaged`, the list of extensions could not be read
    completely.
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
        """A key that is equal for all names that match the issuer's; see `names.name_key`."""
        return name_key(self.issuer)

    @property
    def subject_key(self) -> str | None:
        """A key that is equal for all names that match the subject's; see `names.name_key`."""
        return name_key(self.subject)

    @property
    def self_issued(self) -> bool:
        """Whether subject and issuer have the same name (section 3.2)."""
        return same_name(self.issuer, self.subject)

    @classmethod
    def parse(cls, der: bytes) -> "Certificate":
        """Parse an encoded Certificate (section 4.1), scanning it once.

        Raises MalformedSignature if it is not one, or larger than 16 KB.
        """
        try:
            if len(der) > MAX_CERTIFICATE_SIZE:
                raise ValueError("too large")
            return cls._take_apart(read_node(der))
        except DAMAGE as error:
            raise MalformedSignature("cms: {field} is malformed", field="certificate") from error

    @classmethod
    def _take_apart(cls, whole: Node) -> "Certificate":
        """Read each field at its place. Raises one of DAMAGE."""
        tbs, algorithm, signature = whole.layout(_CERTIFICATE)
        fields = tbs.elements(_MAX_FIELDS)
        if fields and fields[0].tag == EXPLICIT_0:
            del fields[0]
        if tags_of(fields[:6]) != _TBS_CERTIFICATE:
            raise ValueError("not a TBSCertificate")
        serial, inner, issuer, validity, subject, key = fields[:6]
        # A subject may be empty, if subjectAltName names the subject (section 4.1.2.6).
        if not serial.contents or not issuer.contents:
            raise ValueError("a field is empty")
        # RFC 5280 allows one form of times (section 4.1.2.5); old certificates use others.
        not_before, not_after = (
            read_any_time(one.tag, one.contents) for one in validity.elements(2)[:2]
        )
        listed, damaged = _read_extensions(fields[6:])
        return cls(
            der=whole.encoded,
            fingerprint=hashlib.sha256(whole.encoded).hexdigest(),
            tbs=tbs.encoded,
            signature_algorithm=algorithm.algorithm(),
            signed_algorithm=inner.algorithm(),
            signature=signature.bits(),
            serial_number=int.from_bytes(serial.contents, "big", signed=True),
            issuer=issuer.encoded,
            subject=subject.encoded,
            not_before=not_before,
            not_after=not_after,
            public_key=read_public_key(key),
            extensions=MappingProxyType(listed),
            extensions_damaged=damaged,
        )


@lru_cache(maxsize=512)
def read_certificate(der: bytes) -> Certificate:
    """Return `Certificate.parse` of `der`; the last 512 are remembered.

    One deployment has few signers, and each version of a document contains the certificates of
    earlier signers again. Raises MalformedSignature.
    """
    return Certificate.parse(der)


def read_embedded_certificate(der: bytes) -> Certificate | None:
    """Read an untrusted certificate; None if it can't be read."""
    try:
        return read_certificate(der)
    except MalformedSignature:
        return None


def is_lone_certificate(der: bytes) -> bool:
    """Return whether unscanned bytes are a certificate."""
    return read_embedded_certificate(der) is not None


def _read_extensions(fields: list[Node]) -> tuple[dict[str, Extension], bool]:
    """Return the extensions that can be read, and whether the list has anything else."""
    found: dict[str, Extension] = {}
    rest = [field for field in fields if field.tag not in _UNIQUE_IDS]
    if not rest:
        return found, False
    lists = rest[0].elements(1) if tags_of(rest) == bytes((EXPLICIT_3,)) else []
    if tags_of(lists) != bytes((SEQUENCE,)):
        return found, True
    elements = lists[0].elements(MAX_EXTENSIONS)
    damaged = len(elements) > MAX_EXTENSIONS
    for element in elements[:MAX_EXTENSIONS]:
        try:
            oid, critical, value = element.extension()
        except ValueError:
            damaged = True
            continue
        first = found.get(oid)
        found[oid] = (
            Extension(first.critical or critical, first.value, repeated=True)
            if first
            else Extension(critical, value)
        )
    return found, damaged


def read_extension(
    certificate: Certificate, oid: str, read: Callable[[bytes], Value]
) -> Value | None:
    """Read one extension with `read`, which must understand the whole value."""
    extension = certificate.extensions.get(oid)
    if extension is None:
        if certificate.extensions_damaged:
            raise MalformedExtension("the list of extensions is broken")
        return None
    if extension.repeated:
        raise MalformedExtension("extension {oid} occurs twice", oid=oid)
    try:
        return read(extension.value)
    except DAMAGE as error:
        raise MalformedExtension("extension {oid} is broken", oid=oid) from error


def _reader(oid: str, read: Callable[[bytes], Value]) -> Callable[[Certificate], Value | None]:
    """Return a function that reads an extension of a certificate; None if it is absent."""
    return lambda certificate: read_extension(certificate, oid, read)


def _lister(
    oid: str, read: Callable[[bytes], tuple[str, ...]]
) -> Callable[[Certificate], tuple[str, ...]]:
    """Return a function that lists the values of an extension; none if it is absent."""
    return lambda certificate: read_extension(certificate, oid, read) or ()


# All of these raise MalformedExtension if the extension is broken.
basic_constraints = _reader(BASIC_CONSTRAINTS, extensions.read_basic_constraints)
"""Whether the subject is a CA (section 4.2.1.9)."""
key_usage = _reader(KEY_USAGE, extensions.read_key_usage)
"""What the key is for, in the names of section 4.2.1.3."""
extended_key_usage = _reader(EXTENDED_KEY_USAGE, extensions.read_purposes)
"""The purposes of the certificate, as object identifiers (section 4.2.1.12)."""
policies = _reader(POLICIES, extensions.read_policies)
"""The policies under which it was issued, as object identifiers (section 4.2.1.4)."""
subject_key_identifier = _reader(SUBJECT_KEY_IDENTIFIER, extensions.read_key_identifier)
"""The identifier of the subject's key (section 4.2.1.2)."""
authority_key_identifier = _reader(AUTHORITY_KEY_IDENTIFIER, extensions.read_issuer_key_identifier)
"""The identifier of the issuer's key (section 4.2.1.1); None also if the extension has none."""
subject_alternative_emails = _lister(SUBJECT_ALTERNATIVE_NAME, extensions.read_emails)
"""The subject's e-mail addresses (section 4.2.1.6)."""
crl_urls = _lister(CRL_DISTRIBUTION_POINTS, extensions.read_distribution_points)
complete_crl_urls = _lister(CRL_DISTRIBUTION_POINTS, extensions.read_complete_points)
"""Where CRLs are published (section 4.2.1.13)."""
delta_crl_urls = _lister(FRESHEST_CRL, extensions.read_distribution_points)
"""Where delta CRLs are published, the freshest CRL (section 4.2.1.15)."""
ocsp_urls = _lister(AUTHORITY_INFORMATION_ACCESS, extensions.read_ocsp_addresses)
"""Where the issuer's OCSP responder is (section 4.2.2.1)."""


@lru_cache(maxsize=512)
def readable_key_identifier(certificate: Certificate) -> bytes | None:
    """Return `subject_key_identifier`; None also if the extension is broken."""
    try:
        return subject_key_identifier(certificate)
    except MalformedExtension:
        return None


def key_identifiers(certificate: Certificate) -> set[bytes]:
    """List the identifiers of a key: the extension, and the digest that it usually is.

    Section 4.2.1.2, method 1.
    """
    digest = hashlib.sha1(certificate.public_key.bits, usedforsecurity=False).digest()
    return {digest, readable_key_identifier(certificate) or digest}
