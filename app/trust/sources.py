"""Where a certificate says that its issuer tells whether it was revoked."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from asn1crypto import core, ocsp

from app.cms import x509
from app.cms.crls import CertificateList
from app.cms.ocsp import OcspResponse
from app.cms.x509 import Certificate, MalformedExtension
from app.trust.downloads import fetch
from app.trust.files import read_crl_bytes

# Addresses of one kind in one certificate that are tried.
MAX_ADDRESSES = 2
# Bytes and seconds for a response of a responder; those of the NCA have 2,300.
MAX_RESPONSE_SIZE = 65_536
RESPONSE_SECONDS = 5.0
# The same for a CRL. With GOST it takes plain Python up to 2.5 s to hash a megabyte.
MAX_CRL_SIZE = 32 * 1024 * 1024
MAX_GOST_CRL_SIZE = 2 * 1024 * 1024
CRL_SECONDS = 10.0

_SCHEMES = ("http://", "https://")
_GOST_KEYS = "1.2.398.3.10.1.1."


Link: TypeAlias = tuple[Certificate, Certificate]
"""A certificate, and that of who issued it."""


@dataclass(frozen=True, slots=True)
class Source:
    """An address with an answer about a link: a responder, if there is a `request`, or a CRL."""

    address: str
    limit: int
    request: bytes | None = None

    @property
    def name(self) -> str:
        """A name for the answer: the same for the same question at the same place."""
        question = self.address.encode() + b"\0" + (self.request or b"")
        return hashlib.sha256(question).hexdigest() + (".ocsp" if self.request else ".crl")

    def fetch(self, seconds: float) -> bytes:
        """Ask, within seconds that the caller may make fewer. Raises FetchFailed."""
        if self.request is None:
            seconds = min(seconds, CRL_SECONDS)
            return fetch(self.address, limit=self.limit, seconds=seconds)
        return fetch(
            self.address,
            limit=self.limit,
            seconds=min(seconds, RESPONSE_SECONDS),
            body=self.request,
            kind="application/ocsp-request",
        )


def read_answer(name: str, data: bytes) -> CertificateList | OcspResponse:
    """Read what the source of that name answered. Raises UnreadableFile, MalformedRevocation."""
    if name.endswith(".ocsp"):
        return OcspResponse(data)
    return CertificateList(read_crl_bytes(data))


@lru_cache(maxsize=256)
def list_sources(link: Link) -> tuple[Source, ...]:
    """List whom to ask: responders first, whose answers are small and newer than any CRL."""
    certificate, issuer = link
    is_gost = issuer.public_key.algorithm.oid.startswith(_GOST_KEYS)
    limit = MAX_GOST_CRL_SIZE if is_gost else MAX_CRL_SIZE
    responders = _addresses(x509.ocsp_urls, certificate)
    lists = _addresses(x509.crl_urls, certificate)
    request = write_request(link)
    return (
        *[Source(address, MAX_RESPONSE_SIZE, request) for address in responders],
        *[Source(address, limit) for address in lists],
    )


def _addresses(
    read: Callable[[Certificate], tuple[str, ...]], certificate: Certificate
) -> list[str]:
    try:
        found = read(certificate)
    except MalformedExtension:
        return []
    return [address for address in found if address.startswith(_SCHEMES)][:MAX_ADDRESSES]


def write_request(link: Link) -> bytes:
    """Write an OCSPRequest (RFC 6960 section 4.1.1) for one certificate.

    SHA-1 names the issuer, as every responder understands it; nothing hangs on it.
    """
    certificate, issuer = link
    about = {
        "hash_algorithm": {"algorithm": "sha1", "parameters": core.Null()},
        "issuer_name_hash": _sha1(certificate.issuer),
        "issuer_key_hash": _sha1(issuer.public_key.bits),
        "serial_number": certificate.serial_number,
    }
    request = ocsp.OCSPRequest({"tbs_request": {"request_list": [{"req_cert": about}]}})
    return bytes(request.dump())


def _sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()
