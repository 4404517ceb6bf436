"""Certificates that may have issued others, found by the name of their holder."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Protocol

from app.cms import records, x509
from app.cms.ber import EXPLICIT_0, SEQUENCE
from app.cms.der import encode_integer
from app.cms.names import name_key
from app.cms.nodes import DAMAGE, Node
from app.cms.x509 import Certificate, MalformedExtension, read_certificate

# Embedded certificates that are read of one name, and names that are compared by their meaning. An
# authority has two or three generations.
MAX_SAME_NAME = 16
MAX_COMPARED_NAMES = 16


class Authorities(Protocol):
    """Where to look for an issuer."""

    def named(self, name: bytes) -> Sequence[Certificate]:
        """Return the certificates whose holder has this encoded name. Names repeat."""


class GivenAuthorities:
    """Certificates that the caller has at hand."""

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
        """Return the certificates whose holder has this name, however it is encoded."""
        return self._named.get(name_key(name) or name, [])

    def by_issuer_and_serial(self, issuer: bytes, serial: bytes) -> bytes | None:
        """Return the certificate with this issuer and serialNumber, both encoded."""
        key = name_key(issuer) or issuer
        for certificate in self._by_serial.get(serial, ()):
            if key == (certificate.issuer_key or certificate.issuer):
                return certificate.der
        return None

    def by_key_identifier(self, identifier: bytes) -> bytes | None:
        """Return the certificate with this subjectKeyIdentifier."""
        for certificate in self._sorted:
            try:
                if x509.subject_key_identifier(certificate) == identifier:
                    return certificate.der
            except MalformedExtension:
                continue
        return None

    @cached_property
    def _by_serial(self) -> dict[bytes, list[Certificate]]:
        found: dict[bytes, list[Certificate]] = {}
        for certificate in self._sorted:
            found.setdefault(encode_integer(certificate.serial_number), []).append(certificate)
        return found


class EmbeddedAuthorities:
    """Certificates that came with a signature: up to 1,024, by whoever sent it.

    They are taken apart only if a name is asked for that they have.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        """Take the CertificateChoices (RFC 5652 section 10.2.2) as they stand."""
        self._nodes = nodes
        self._named: dict[bytes, list[Certificate]] = {}

    def named(self, name: bytes) -> Sequence[Certificate]:
        """Return the certificates whose holder has this name, MAX_SAME_NAME of them at most."""
        if name not in self._named:
            names = dict.fromkeys((name, *self._matching(name)))
            nodes = [node for one in names for node in self._subjects.get(one, [])]
            certificates = [
                read_embedded_certificate(node.encoded) for node in nodes[:MAX_SAME_NAME]
            ]
            self._named[name] = list(dict.fromkeys(one for one in certificates if one))
        return self._named[name]

    def _matching(self, name: bytes) -> list[bytes]:
        """Find the same name where it is encoded otherwise (RFC 5280 section 7.1)."""
        key = name_key(name)
        others = list(self._subjects)[:MAX_COMPARED_NAMES] if key is not None else []
        return [other for other in others if name_key(other) == key]

    @cached_property
    def _subjects(self) -> dict[bytes, list[Node]]:
        found: dict[bytes, list[Node]] = {}
        for node in self._nodes:
            try:
                subject = _subject(node)
            except DAMAGE:
                continue
            found.setdefault(subject, []).append(node)
        return found


def _subject(certificate: Node) -> bytes:
    """Return the holder's encoded name, the fifth field of TBSCertificate. Raises one of DAMAGE."""
    fields = certificate.fields(3).take(SEQUENCE).fields()
    fields.optional(EXPLICIT_0)
    return fields.rest()[4].expect(SEQUENCE).encoded


def read_embedded_certificate(der: bytes) -> Certificate | None:
    """Read a certificate that somebody sent; None if it can't be read."""
    try:
        return read_certificate(der)
    except (*DAMAGE, *records.DAMAGE):
        return None
