"""Possible issuers of certificates, found by the subject name."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Protocol

from app.cms.asn1.der import encode_integer
from app.cms.x509.certificate import Certificate, readable_key_identifier
from app.cms.x509.names import name_key


class Authorities(Protocol):
    """Where to look for an issuer."""

    def named(self, name: bytes) -> Sequence[Certificate]:
        """Return the certificates whose subject is this encoded name. Names repeat."""


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
    def _by_serial(self) -> dict[bytes, list[Certificate]]:
        found: dict[bytes, list[Certificate]] = {}
        for certificate in self._sorted:
            found.setdefault(encode_integer(certificate.serial_number), []).append(certificate)
        return found
