"""Timestamp tokens over signature values (RFC 3161), asked of the operator's authorities."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from app.cms import (
    MAX_TIMESTAMP_RESPONSE_SIZE,
    TIMESTAMP_NONCE_BITS,
    Answer,
    Certificate,
    Occasion,
    Reason,
    TimestampNotObtained,
    TimestampStatus,
    choose_stamping_terms,
    read_timestamp_response,
    request_timestamp,
)
from app.evidence.confirmed_clock import ConfirmedClock
from app.evidence.network import Network, Unavailable

#: How far the time in a new token may be from this machine's.
TOLERANCE = timedelta(minutes=5)
#: The media type of a request.
QUERY = "application/timestamp-query"
# Hosts under it know the policies of the NCA, which depend on the kind of key.
_NCA = ".pki.gov.kz"


class NoTimestamp(Exception):
    """No authority issued a token; `reasons` has one of each. `is_final`: none ever will."""

    def __init__(self, reasons: Sequence[Reason], *, is_final: bool) -> None:
        """Keep the reasons."""
        super().__init__(reasons)
        self.reasons = reasons
        self.is_final = is_final


#: Verifies a token over a value.
VerifyToken = Callable[[bytes, bytes, Occasion], TimestampStatus]
#: Returns why a token that verifies does not count nevertheless; nothing if it counts.
Doubt = Callable[[TimestampStatus], Sequence[Reason]]


@dataclass(frozen=True, slots=True)
class Stamper:
    """Asks authorities in their order, until one issues a token that verifies."""

    network: Network
    addresses: tuple[str, ...]
    clock: ConfirmedClock = field(default_factory=ConfirmedClock)

    def stamp(
        self, value: bytes, certificate: Certificate, verify: VerifyToken, doubt: Doubt
    ) -> tuple[bytes, TimestampStatus]:
        """Return a token over the signature value of the signer who has this certificate.

        It is verified by `verify` up to an anchor, with the result that is returned beside it.
        If there is a `doubt`, the next authority is asked. Raises NoTimestamp.
        """
        if not self.addresses:
            raise NoTimestamp([Reason("no timestamp authority is set up")], is_final=False)
        reasons: list[Reason] = []
        is_final = True
        for address in self.addresses:
            try:
                token, status = self._ask(address, value, certificate, verify)
            except TimestampNotObtained as error:
                reasons.append(error.reason)
                is_final = is_final and error.is_final
            except Unavailable as error:
                reasons.append(error.reason)
                is_final = False
            else:
                doubts = doubt(status)
                if not doubts:
                    return token, status
                reasons += doubts
                is_final = False
        raise NoTimestamp(reasons, is_final=is_final)

    def _ask(
        self, address: str, value: bytes, certificate: Certificate, verify: VerifyToken
    ) -> tuple[bytes, TimestampStatus]:
        host = urlsplit(address).hostname or ""
        terms = choose_stamping_terms(certificate, names_policy=knows_policies(host))
        request = request_timestamp(value, terms, secrets.randbits(TIMESTAMP_NONCE_BITS))
        answer = self.network.fetch(
            address, MAX_TIMESTAMP_RESPONSE_SIZE, body=request.der, kind=QUERY
        )
        token = read_timestamp_response(answer, request)
        now = datetime.now(UTC)
        status = verify(token, value, Occasion(now, now, now=now))
        if status.verdict.answer is not Answer.YES or status.gen_time is None:
            raise TimestampNotObtained(status.verdict.reasons[0])
        if abs(status.gen_time - now) > TOLERANCE:
            raise TimestampNotObtained(
                Reason("the clocks of {address} and of this server differ", {"address": address})
            )
        self.clock.confirm()
        return token, status


def knows_policies(host: str) -> bool:
    """Return whether an authority knows the policies of the NCA."""
    return host.endswith(_NCA)
