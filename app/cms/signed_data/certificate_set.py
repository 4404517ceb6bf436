"""The certificates embedded in a signature, and their look-up by name, serial number or key."""

from collections.abc import Hashable, Iterator, Sequence
from functools import cached_property
from typing import Protocol

from app.cms.algorithms.public_keys import PublicKey, read_public_key
from app.cms.algorithms.same_key import identify_key
from app.cms.asn1.node import DAMAGE, Node
from app.cms.asn1.tags import EXPLICIT_0, EXPLICIT_3, SEQUENCE
from app.cms.x509.certificate import MAX_EXTENSIONS, Certificate, read_embedded_certificate
from app.cms.x509.extensions import read_key_identifier
from app.cms.x509.names import name_key

# Embedded certificates that are read of one name. An authority has two or three generations.
MAX_SAME_NAME = 16
# Names of one signature that are compared by their meaning.
_MAX_NAMES = 16
# TBSCertificate (RFC 5280 section 4.1) has ten fields.
_MAX_FIELDS = 10
# The place of subjectPublicKeyInfo, from serialNumber on.
_PUBLIC_KEY = 5
_SUBJECT_KEY_IDENTIFIER = b"\x06\x03\x55\x1d\x0e"


class CertificateSource(Protocol):
    """Where to find the certificates that a SignerIdentifier names (RFC 5652 section 5.3).

    A CA issues one with a serial number or a key, but anyone can write others with the same.
    """

    def by_issuer_and_serial(self, issuer: bytes, serial: bytes) -> Iterator[bytes]:
        """Return the certificates with this issuer and serialNumber, both encoded."""

    def by_key_identifier(self, identifier: bytes) -> Iterator[bytes]:
        """Return the certificates with this subjectKeyIdentifier."""


class CertificateSet:
    """The CertificateSet of one SignedData (RFC 5652 section 10.2.3): up to 1,024.

    The sender chooses them. They are parsed only when one is looked up.
    """

    def __init__(self, listed: Sequence[Node]) -> None:
        """Take the CertificateChoices as they stand."""
        self._listed = listed
        self._name_keys: dict[bytes, str | None] = {}
        self._named: dict[bytes, list[Certificate]] = {}

    def __len__(self) -> int:
        """Return how many there are, of whatever kind."""
        return len(self._listed)

    def by_issuer_and_serial(self, issuer: bytes, serial: bytes) -> Iterator[bytes]:
        """Return the certificates with this issuer and serialNumber, both encoded.

        The issuer may be the same name, encoded otherwise (RFC 5280 section 7.1): these are last.
        """
        listed = self._by_serial.get(serial, [])
        for name, node in listed:
            if name == issuer:
                yield node.encoded
        for name, node in listed:
            if name != issuer and self._is_name(issuer, name):
                yield node.encoded

    def _is_name(self, name: bytes, other: bytes) -> bool:
        wanted = self._name_key(name)
        return wanted is not None and wanted == self._name_key(other)

    def _name_key(self, name: bytes) -> str | None:
        """Return a key that matching names share; None if too many have been compared."""
        keys = self._name_keys
        if name not in keys:
            if len(keys) == _MAX_NAMES:
                return None
            keys[name] = name_key(name)
        return keys[name]

    @cached_property
    def _by_serial(self) -> dict[bytes, list[tuple[bytes, Node]]]:
        """Index by serialNumber, with the issuers."""
        found: dict[bytes, list[tuple[bytes, Node]]] = {}
        for certificate in self._listed:
            fields = _tbs_fields(certificate, 3)
            if len(fields) > 2:
                found.setdefault(fields[0].encoded, []).append((fields[2].encoded, certificate))
        return found

    def by_key_identifier(self, identifier: bytes) -> Iterator[bytes]:
        """Return the certificates with this subjectKeyIdentifier (RFC 5280 section 4.2.1.2)."""
        return (node.encoded for node in self._by_key.get(identifier, []))

    @cached_property
    def _by_key(self) -> dict[bytes, list[Node]]:
        """Index by key identifier; a damaged extension affects only its own certificate."""
        found: dict[bytes, list[Node]] = {}
        for certificate in self._listed:
            last = _tbs_fields(certificate)[-1:]
            lists = last[0].elements(1) if last and last[0].tag == EXPLICIT_3 else []
            for extension in lists[0].elements(MAX_EXTENSIONS) if lists else ():
                if extension.starts_with(_SUBJECT_KEY_IDENTIFIER):
                    try:
                        _, _, value = extension.extension()
                        listed = found.setdefault(read_key_identifier(value), [])
                    except DAMAGE:
                        continue
                    listed.append(certificate)
        return found

    def named(self, name: bytes) -> Sequence[Certificate]:
        """Return the certificates whose subject is this name, MAX_SAME_NAME of them at most."""
        if name not in self._named:
            names = dict.fromkeys((name, *self._matching(name)))
            nodes = [node for one in names for node in self._by_subject.get(one, [])]
            read = [read_embedded_certificate(node.encoded) for node in nodes[:MAX_SAME_NAME]]
            self._named[name] = list(dict.fromkeys(one for one in read if one))
        return self._named[name]

    def with_key(self, public_key: PublicKey) -> Sequence[Certificate]:
        """Return the certificates of a key, in whatever encoding, MAX_SAME_NAME at most."""
        nodes = self._by_public_key.get(identify_key(public_key), [])[:MAX_SAME_NAME]
        read = [read_embedded_certificate(node.encoded) for node in nodes]
        return list(dict.fromkeys(one for one in read if one))

    @cached_property
    def _by_public_key(self) -> dict[Hashable, list[Node]]:
        """Index by key; a damaged one affects only its own certificate."""
        found: dict[Hashable, list[Node]] = {}
        for certificate in self._listed:
            fields = _tbs_fields(certificate)
            try:
                key = read_public_key(fields[_PUBLIC_KEY])
            except DAMAGE:
                continue
            found.setdefault(identify_key(key), []).append(certificate)
        return found

    def _matching(self, name: bytes) -> list[bytes]:
        """Find names that are equal but encoded differently (RFC 5280 section 7.1)."""
        key = name_key(name)
        others = list(self._by_subject)[:_MAX_NAMES] if key is not None else []
        return [other for other in others if name_key(other) == key]

    @cached_property
    def _by_subject(self) -> dict[bytes, list[Node]]:
        found: dict[bytes, list[Node]] = {}
        for certificate in self._listed:
            fields = _tbs_fields(certificate)
            if len(fields) > 4 and fields[4].tag == SEQUENCE:
                found.setdefault(fields[4].encoded, []).append(certificate)
        return found


def _tbs_fields(certificate: Node, limit: int = _MAX_FIELDS) -> list[Node]:
    """List the fields of TBSCertificate from serialNumber on; none if the structure differs."""
    tbs = certificate.elements(1) if certificate.tag == SEQUENCE else []
    if not tbs or tbs[0].tag != SEQUENCE:
        return []
    fields = tbs[0].elements(limit)
    return fields[1:] if fields and fields[0].tag == EXPLICIT_0 else fields
