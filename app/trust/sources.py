"""Sources of revocation data that a certificate names: OCSP responders and CRLs."""

import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO, TypeAlias
from urllib.parse import urlsplit

from app.cms import (
    MAX_CRL_SIZE,
    MAX_SLOW_CRL_SIZE,
    OCSP_UNKNOWN_TO_RESPONDER,
    SHA_1,
    Certificate,
    MalformedExtension,
    Origin,
    crl_urls,
    delta_crl_urls,
    encode_certificate_id,
    encode_ocsp_request,
    ocsp_urls,
    read_ocsp_refusal,
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

    `question` is the encoded CertID, `older` the one by SHA-1. `slow` is the digest of the CRL's
    signature if that is computed in plain Python here, for which the limit is low.
    """

    address: str
    limit: int
    question: bytes | None = None
    slow: str | None = None
    older: bytes | None = None

    @property
    def origin(self) -> Origin:
        """Where its answer comes from."""
        return Origin("online", self.address)

    @property
    def name(self) -> str:
        """The cache key of the answer: equal for the same question at the same address."""
        question = self.address.encode() + b"\0" + (self.question or b"")
        return hashlib.sha256(question).hexdigest() + (RESPONSE if self.question else LIST)

    def ask(
        self, question: bytes, nonce: bytes, seconds: float, destinations: Destinations
    ) -> bytes:
        """Ask the responder, within at most `seconds`. Raises FetchFailed.

        One that refuses the question is asked `older`, once, in the time that is left.
        """
        deadline = time.monotonic() + min(seconds, RESPONSE_SECONDS)
        answer = self._post(encode_ocsp_request(question, nonce), deadline, destinations)
        if self.older is None or read_ocsp_refusal(answer) not in OCSP_UNKNOWN_TO_RESPONDER:
            return answer
        return self._post(encode_ocsp_request(self.older, nonce), deadline, destinations)

    def _post(self, request: bytes, deadline: float, destinations: Destinations) -> bytes:
        return fetch(
            self.address,
            destinations=destinations,
            limit=self.limit,
            seconds=max(deadline - time.monotonic(), 0.0),
            body=request,
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
    question = encode_certificate_id(certificate, issuer)
    older = encode_certificate_id(certificate, issuer, SHA_1)
    return (
        *[
            Source(address, MAX_RESPONSE_SIZE, question, older=older)
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
