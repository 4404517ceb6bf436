"""The certificates that travel with a signature, found by what a SignerInfo names them by."""

from functools import lru_cache
from typing import Protocol

from app.cms.ber import (
    BIT_STRING,
    EXPLICIT_0,
    EXPLICIT_3,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    Element,
    Scanned,
    scan,
)
from app.cms.errors import MalformedSignature
from app.cms.names import name_key
from app.cms.records import DAMAGE, touch_certificate

# Bytes. A certificate of the NCA has 1,000 to 2,200. The cap bounds what may hide in extensions,
# whose values are opaque to `ber.scan`.
MAX_CERTIFICATE_SIZE = 16 * 1024

# TBSCertificate (RFC 5280 section 4.1) has ten fields; the NCA's certificates have ten extensions.
_MAX_FIELDS = 10
_MAX_EXTENSIONS = 64
# The tags of Certificate, of TBSCertificate from serialNumber to subjectPublicKeyInfo, and of that.
_CERTIFICATE = [SEQUENCE, SEQUENCE, BIT_STRING]
_TBS_CERTIFICATE = [INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE]
_PUBLIC_KEY = [SEQUENCE, BIT_STRING]
# Names of one signature that are compared by their meaning.
_MAX_NAMES = 16
_SUBJECT_KEY_IDENTIFIER = b"\x06\x03\x55\x1d\x0e"


class CertificateSource(Protocol):
    """Where the certificate may lie that a SignerIdentifier names (RFC 5652 section 5.3)."""

    def by_issuer_and_serial(self, issuer: bytes, serial: bytes) -> bytes | None:
        """Return the certificate with this issuer and serialNumber, both encoded."""

    def by_key_identifier(self, identifier: bytes) -> bytes | None:
        """Return the certificate with this subjectKeyIdentifier."""


class EmbeddedCertificates:
    """The CertificateSet of one SignedData, which `ber.scan` has passed."""

    def __init__(self, value: Scanned, listed: list[Element]) -> None:
        """Take the ContentInfo and those elements of it that are CertificateChoices."""
        self._value = value
        self._der = value.data
        self._listed = listed
        self._name_keys: dict[bytes, str | None] = {}
        self._by_identity: dict[tuple[bytes, bytes], Element] | None = None
        self._by_key: dict[bytes, Element] | None = None

    def by_issuer_and_serial(self, issuer: bytes, serial: bytes) -> bytes | None:
        """Return the certificate with this issuer and serialNumber, both encoded."""
        found = self._issuers_and_serials().get((issuer, serial))
        return self._cut(found or self._by_matching_issuer(issuer, serial))

    def by_key_identifier(self, identifier: bytes) -> bytes | None:
        """Return the certificate with this subjectKeyIdentifier (RFC 5280 section 4.2.1.2)."""
        return self._cut(self._key_identifiers().get(identifier))

    def _cut(self, certificate: Element | None) -> bytes | None:
        return self._der[certificate[1] : certificate[4]] if certificate else None

    def _by_matching_issuer(self, issuer: bytes, serial: bytes) -> Element | None:
        """Find one whose issuer is the same name, encoded otherwise (RFC 5280 section 7.1)."""
        for (other, number), certificate in self._issuers_and_serials().items():
            if number == serial:
                wanted = self._name_key(issuer)
                if wanted is not None and wanted == self._name_key(other):
                    return certificate
        return None

    def _name_key(self, name: bytes) -> str | None:
        """Return what matching names have in common; None if too many have been compared."""
        keys = self._name_keys
        if name not in keys:
            if len(keys) == _MAX_NAMES:
                return None
            keys[name] = name_key(name)
        return keys[name]

    def _issuers_and_serials(self) -> dict[tuple[bytes, bytes], Element]:
        if self._by_identity is not None:
            return self._by_identity
        found: dict[tuple[bytes, bytes], Element] = {}
        for certificate in self._listed:
            fields = _tbs_fields(self._value, certificate)
            if len(fields) > 2:
                serial, issuer = fields[0], fields[2]
                identity = self._der[issuer[1] : issuer[4]], self._der[serial[1] : serial[4]]
                found.setdefault(identity, certificate)
        self._by_identity = found
        return found

    def _key_identifiers(self) -> dict[bytes, Element]:
        """Read extensions one by one: a damaged one harms no other."""
        if self._by_key is not None:
            return self._by_key
        found: dict[bytes, Element] = {}
        for certificate in self._listed:
            for extension in _extensions(self._value, certificate):
                identifier = _key_identifier(self._value, extension)
                if identifier:
                    found.setdefault(identifier, certificate)
        self._by_key = found
        return found


@lru_cache(maxsize=512)
def is_certificate(der: bytes) -> bool:
    """Return whether scanned bytes are a Certificate (RFC 5280 section 4.1) and well-formed.

    Looked at are the fields that naming its holder and checking a signature stand on. An office
    has few signers, and each next version of a document brings the earlier ones' certificates
    again, so answers are remembered: 512, each for at most 16 KB.
    """
    try:
        touch_certificate(der)
    except DAMAGE:
        return False
    return _has_layout(scan(der))


def _has_layout(value: Scanned) -> bool:
    """Return whether each field has its own tag; asn1crypto checks less than those who rely on it.

    `x509.read_certificate` takes the fields by these tags.
    """
    [whole] = value.elements(0, len(value.data), 0)
    parts = value.elements(whole[2], whole[3], len(_CERTIFICATE))
    fields = _tbs_fields(value, whole)[: len(_TBS_CERTIFICATE)]
    if _tags(parts) != _CERTIFICATE or _tags(fields) != _TBS_CERTIFICATE:
        return False
    key = value.elements(fields[-1][2], fields[-1][3], len(_PUBLIC_KEY))
    if _tags(key) != _PUBLIC_KEY:
        return False
    if value.data[key[1][2]] != 0 or value.data[parts[2][2]] != 0:  # Bits, but no whole octets.
        return False
    algorithms = [value.elements(one[2], one[3], 1)[:1] for one in (parts[1], fields[1], key[0])]
    return all(_tags(algorithm) == [OBJECT_IDENTIFIER] for algorithm in algorithms)


def _tags(elements: list[Element]) -> list[int]:
    return [element[0] for element in elements]


def is_lone_certificate(der: bytes) -> bool:
    """Tell the same of bytes that nobody has scanned yet, and whether they are within budget."""
    if len(der) > MAX_CERTIFICATE_SIZE:
        return False
    try:
        scan(der)
    except MalformedSignature:
        return False
    return is_certificate(der)


def _tbs_fields(value: Scanned, certificate: Element) -> list[Element]:
    """List the fields of TBSCertificate from serialNumber on; none if it has not that shape."""
    tbs = value.elements(certificate[2], certificate[3], 1)
    if certificate[0] != SEQUENCE or not tbs or tbs[0][0] != SEQUENCE:
        return []
    fields = value.elements(tbs[0][2], tbs[0][3], _MAX_FIELDS)
    return fields[1:] if fields and fields[0][0] == EXPLICIT_0 else fields


def _extensions(value: Scanned, certificate: Element) -> list[Element]:
    fields = _tbs_fields(value, certificate)
    if not fields or fields[-1][0] != EXPLICIT_3:
        return []
    return [
        extension
        for sequence in value.elements(fields[-1][2], fields[-1][3], 1)
        for extension in value.elements(sequence[2], sequence[3], _MAX_EXTENSIONS)
    ]


def _key_identifier(value: Scanned, extension: Element) -> bytes:
    """Return the key identifier that an Extension holds, or nothing if it is another one.

    The identifier is an OCTET STRING within the OCTET STRING extnValue, which `ber.scan` could not
    look into.
    """
    if not value.data.startswith(_SUBJECT_KEY_IDENTIFIER, extension[2], extension[3]):
        return b""
    tag, _, start, stop, _ = value.elements(extension[2], extension[3], 2)[-1]
    wrapped = value.data[start:stop]
    size = len(wrapped) - 2
    # A length from 128 on has another form; identifiers have 20 bytes, seldom 8 or 32.
    if tag != OCTET_STRING or not 0 < size < 0x80:
        return b""
    return wrapped[2:] if wrapped.startswith(bytes((OCTET_STRING, size))) else b""
