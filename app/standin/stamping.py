"""Timestamps (RFC 3161) for the stand-in: of its own test authority, or of one on loopback."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from app.cms import (
    SHA_256,
    StampingTerms,
    TimestampMismatched,
    TimestampRefused,
    TimestampUnreadable,
    read_timestamp_response,
    request_timestamp,
)
from app.standin import der
from app.standin.cms import SHA256, sign_token
from app.standin.identity import Identity

_TST_INFO = "1.2.840.113549.1.9.16.1.4"
#: The policy of the test authority, below the arc for examples (X.660).
_POLICY = "2.999.1"
#: Seconds that an authority may take, and bytes of its answer.
_PATIENCE, _MOST = 10, 100_000
_REFUSALS = (TimestampMismatched, TimestampRefused, TimestampUnreadable)


@dataclass(frozen=True, slots=True)
class OwnStamper:
    """A timestamp authority of the stand-in."""

    identity: Identity

    def __call__(self, value: bytes) -> bytes:
        """Return a token on a signature value (section 2.4.2)."""
        digest = der.tlv(der.OCTETS, hashlib.sha256(value).digest())
        moment = f"{datetime.now(UTC):%Y%m%d%H%M%SZ}".encode()
        info = der.sequence(
            der.integer(1),
            der.identifier(_POLICY),
            der.sequence(SHA256, digest),
            der.integer(secrets.randbits(63)),
            der.tlv(der.GENERALIZED_TIME, moment),
        )
        return sign_token(self.identity, info, _TST_INFO)


@dataclass(frozen=True, slots=True)
class Stamper:
    """A timestamp authority on loopback."""

    address: str

    def __post_init__(self) -> None:
        """Raise ValueError: the address is none of http on loopback."""
        parts = urlsplit(self.address)
        try:
            is_here = parts.hostname == "localhost" or ip_address(parts.hostname or "").is_loopback
        except ValueError:
            is_here = False
        if parts.scheme != "http" or not is_here:
            raise ValueError("the timestamp authority is not one on loopback, http://127.0.0.1:…")

    def __call__(self, value: bytes) -> bytes:
        """Return a token on a signature value. Raises ValueError: it can't be had."""
        asked = request_timestamp(value, StampingTerms(SHA_256, None), secrets.randbits(63))
        headers = {"Content-Type": "application/timestamp-query"}
        request = Request(self.address, asked.der, headers)  # noqa: S310  # http, see above
        try:
            with build_opener(ProxyHandler({})).open(request, timeout=_PATIENCE) as answer:
                return read_timestamp_response(answer.read(_MOST), asked)
        except (OSError, *_REFUSALS) as error:
            raise ValueError(f"the timestamp authority does not answer: {error}") from error
