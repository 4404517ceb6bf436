"""Sources of revocation data that a certificate names: OCSP responders and CRLs."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO, TypeAlias
from urllib.parse import urlsplit

from asn1crypto import core, ocsp

from app.cms import (
    MAX_CRL_SIZE,
    MAX_SLOW_CRL_SIZE,
    Certificate,
    MalformedExtension,
    crl_urls,
    delta_crl_urls,
    ocsp_urls,
    refuse_large_crl,
    slow_digest_of,
)
from app.destinations import Destinations
from app.trust.downloads import fetch
from app.trust.errors import AnswerTooLarge, FetchFailed
from app.trust.tidying import LIST, RESPONSE

# Addresses of one kind in one certificate that are tried.
MAX_ADDRESSES = 2
# Bytes and seconds for an OCSP response; the NCA's have 2,300 bytes.
MAX_RESPONSE_SIZE = 65_536
RESPONSE_SECONDS = 5.0
# The same for a CRL; the NCA's have 21,600,000 (at most MAX_CRL_SIZE). With GOST, plain Python
# takes up to 2.5 s to hash a megabyte if libgcrypt is missing: hence MAX_SLOW_CRL_SIZE.
CRL_SECONDS = 120.0
# Octets of a nonce (RFC 9654 section 2.1 allows 1 to 128).
NONCE_SIZE = 16

_SCHEMES = ("http", "https")


Link: TypeAlias = tuple[Certificate, Certificate]
"""A certificate and its issuer's."""


@dataclass(frozen=True, slots=True)
class Source:
    """An address for revocation data about a link: a responder, if there is a `question`, or a CRL.

    `question` is the encoded CertID. `slow` is the digest of the CRL's signature if that is
    computed in plain Python here, for which the limit is low.
    """

    address: str
    limit: int
    question: bytes | None = None
    slow: str | None = None

    @property
    def name(self) -> str:
        """The cache key of the answer: equal for the same question at the same address."""
        question = self.address.encode() + b"\0" + (self.question or b"")
        return hashlib.sha256(question).hexdigest() + (RESPONSE if self.question else LIST)

    def ask(
        self, question: bytes, nonce: bytes, seconds: float, destinations: Destinations
    ) -> bytes:
        """Ask the responder, within at most `seconds`. Raises FetchFailed."""
        return fetch(
            self.address,
            destinations=destinations,
            limit=self.limit,
            seconds=min(seconds, RESPONSE_SECONDS),
            body=write_request(question, nonce),
            kind="application/ocsp-request",
        )

    def download(self, file: BinaryIO, seconds: float, destinations: Destinations) -> None:
        """Write the CRL into a file, within `seconds`. Raises FetchFailed."""
        try:
            fetch(
                self.address,
                destinations=destinations,
                limit=self.limit,
                seconds=seconds,
                into=file,
            )
        except AnswerTooLarge as error:
            if self.slow is None:
                raise
            refusal = refuse_large_crl(self.slow)
            raise FetchFailed(refusal.template, **refusal.values) from error


@lru_cache(maxsize=256)
def list_sources(link: Link) -> tuple[Source, ...]:
    """List the sources: responders first, whose answers are small and newer than any CRL."""
    certificate, issuer = link
    limit, slow = _list_limit(issuer)
    question = write_certificate_id(link)
    return (
        *[
            Source(address, MAX_RESPONSE_SIZE, question)
            for address in _addresses(ocsp_urls, certificate)
        ],
        *[Source(address, limit, slow=slow) for address in _addresses(crl_urls, certificate)],
    )


@lru_cache(maxsize=256)
def list_deltas(link: Link, more: tuple[str, ...]) -> tuple[Source, ...]:
    """List the addresses of delta CRLs in a certificate (RFC 5280 section 4.2.1.15).

    `more` has the addresses in the complete CRL (section 5.2.6).
    """
    certificate, issuer = link
    limit, slow = _list_limit(issuer)
    found = [*_addresses(delta_crl_urls, certificate), *_usable(more)]
    return tuple(Source(one, limit, slow=slow) for one in dict.fromkeys(found))[:MAX_ADDRESSES]


def _list_limit(issuer: Certificate) -> tuple[int, str | None]:
    """Return how large a CRL of an issuer may be, and its digest if that is slow here."""
    slow = slow_digest_of(issuer.public_key)
    return (MAX_CRL_SIZE if slow is None else MAX_SLOW_CRL_SIZE), slow


def _addresses(
    read: Callable[[Certificate], tuple[str, ...]], certificate: Certificate
) -> list[str]:
    try:
        found = read(certificate)
    except MalformedExtension:
        return []
    return _usable(found)


def _usable(addresses: Iterable[str]) -> list[str]:
    return [address for address in addresses if _is_usable(address)][:MAX_ADDRESSES]


def _is_usable(address: str) -> bool:
    """Return whether a URL has scheme http or https, in any letter case, and no password."""
    try:
        parts = urlsplit(address)
    except ValueError:  # brackets that don't match
        return False
    return parts.scheme in _SCHEMES and bool(parts.hostname) and "@" not in parts.netloc


def write_certificate_id(link: Link) -> bytes:
    """Encode the CertID of a certificate (RFC 6960 section 4.1.1), by SHA-256."""
    certificate, issuer = link
    about = ocsp.CertId(
        {
            "hash_algorithm": {"algorithm": "sha256", "parameters": core.Null()},
            "issuer_name_hash": hashlib.sha256(certificate.issuer).digest(),
            "issuer_key_hash": hashlib.sha256(issuer.public_key.bits).digest(),
            "serial_number": certificate.serial_number,
        }
    )
    return bytes(about.dump())


def write_request(question: bytes, nonce: bytes) -> bytes:
    """Encode an OCSPRequest (RFC 6960 section 4.1.1) for one CertID, with a nonce (RFC 9654)."""
    extension = {"extn_id": "nonce", "critical": False, "extn_value": core.OctetString(nonce)}
    request = ocsp.OCSPRequest(
        {
            "tbs_request": {
                "request_list": [{"req_cert": ocsp.CertId.load(question)}],
                "request_extensions": [extension],
            }
        }
    )
    return bytes(request.dump())
