"""Possible issuers of certificates, found by the subject name."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Protocol

from app.cms.algorithms.public_keys import PublicKey
from app.cms.algorithms.same_key import identify_key
from app.cms.asn1.der import encode_integer
from app.cms.x509 import certificate as x509
from app.cms.x509.certificate import Certificate, MalformedExtension, readable_key_identifier
from app.cms.x509.names import name_key


class Authorities(Protocol):
    """Where to look for an issuer."""

    def named(self, name: bytes) -> Sequence[Certificate]:
        """Return the certificates whose subject is this encoded name. Names repeat."""

    def with_key(self, public_key: PublicKey) -> Sequence[Certificate]:
        """Return the certificates of a key, in whatever encoding."""


class GivenAuthorities:
    """Certificates that the caller supplies."""

    def __init__(self, certificates: Iterable[Certificate]) -> None:
        """Sort the certificates by name."""
        self._certificates = frozenset(certificates)
        self._sorted = sorted(self._certificates, key=lambda one: one.fingerprint)
        self._named: dict[bytes | str, list[Certificate]] = {}
        for certificate in self._sorted:
            key = certificate.subject_key or certificate.subject
            self._named.setdefault(key, []).append(certificate)

    def __contains__(self, certificate: Certificate) -> bool:
        """Return whether exactly this certificate is among them."""
        return certificate in self._certificates

    def named(self, name: bytes) -> Sequence[Certificate]:
        """Return the certificates whose subject is this name, in any encoding."""
        return self._named.get(name_key(name) or name, [])

    def with_key(self, public_key: PublicKey) -> Sequence[Certificate]:
        """Return the certificates of a key, in whatever encoding."""
        return self._by_public_key.get(identify_key(public_key), [])

    def by_issuer_and_serial(self, issuer: bytes, serial: bytes) -> Iterator[bytes]:
        """Return the certificates with this issuer and serialNumber, both encoded."""
        key = name_key(issuer) or issuer
        for one in self._by_serial.get(serial, ()):
            if key == (one.issuer_key or one.issuer):
                yield one.der

    def by_key_identifier(self, identifier: bytes) -> Iterator[bytes]:
        """Return the certificates with this subjectKeyIdentifier."""
        return (one.der for one in self._by_key.get(identifier, ()))

    @cached_property
    def _by_key(self) -> dict[bytes | None, list[Certificate]]:
        found: dict[bytes | None, list[Certificate]] = {}
        for certificate in self._sorted:
            found.setdefault(readable_key_identifier(certificate), []).append(certificate)
        return found

    @cached_property
    def _by_public_key(self) -> dict[Hashable, list[Certificate]]:
        found: dict[Hashable, list[Certificate]] = {}
        for certificate in self._sorted:
            found.setdefault(identify_key(certificate.public_key), []).append(certificate)
        return found

    @cached_property
    def _by_serial(self) -> dict[bytes, list[Certificate]]:
        found: dict[bytes, list[Certificate]] = {}
        for certificate in self._sorted:
            found.setdefault(encode_integer(certificate.serial_number), []).append(certificate)
        return found


def list_possible(certificate: Certificate, sources: Iterable[Authorities]) -> list[Certificate]:
    """List the possible issuers of a certificate, those first whose key it names."""
    found = dict.fromkeys(one for source in sources for one in source.named(certificate.issuer))
    return sorted(found, key=lambda issuer: -key_matches(certificate, issuer))


def key_matches(certificate: Certificate, issuer: Certificate) -> int:
    """Compare the key identifiers (section 4.2.1.1): 1 if equal, -1 if not, 0 if one is missing."""
    wanted, actual = _issuer_key_identifier(certificate), readable_key_identifier(issuer)
    if wanted is None or actual is None:
        return 0
    return 1 if wanted == actual else -1


@lru_cache(maxsize=512)
def _issuer_key_identifier(certificate: Certificate) -> bytes | None:
    try:
        return x509.authority_key_identifier(certificate)
    except MalformedExtension:
        return None
