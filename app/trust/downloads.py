"""Downloads from an address of a certificate or of the operator; errors are sentences."""

from __future__ import annotations

from typing import BinaryIO

from app import http_client
from app.cms import Reason
from app.destinations import Destinations
from app.trust.errors import AnswerTooLarge, FetchFailed

_FAILURES: dict[type[http_client.NoAnswer], Reason] = {
    http_client.TimedOut: Reason("{address} does not answer in time"),
    http_client.TooSlow: Reason("{address} does not answer in time"),
    http_client.Unreachable: Reason("{address} can't be reached"),
    http_client.WrongStatus: Reason("{address} did not return what was requested"),
    http_client.RedirectedAway: Reason("{address} redirects to another server"),
    http_client.RedirectedTooOften: Reason("{address} redirects too often"),
    http_client.NotWritten: Reason("the response of {address} can't be written: {why}"),
    http_client.Unexpected: Reason("{address} can't be asked"),
}


def fetch(  # noqa: PLR0913  # A request and its bounds, all named.
    address: str,
    *,
    destinations: Destinations,
    limit: int,
    seconds: float,
    body: bytes | None = None,
    kind: str | None = None,
    into: BinaryIO | None = None,
) -> bytes:
    """Return the answer of an http or https address to GET, or to POST with a body of that type.

    An answer that is written `into` a file is not returned. Raises FetchFailed, after `seconds` at
    the latest, and for more than `limit` bytes.
    """
    headers = {"Content-Type": kind} if kind else {}
    request = http_client.Request(address, destinations, limit, seconds, body, headers, into)
    try:
        return http_client.send(request)
    except http_client.TooLarge as error:
        raise AnswerTooLarge(
            "{address} answers with more than {limit} bytes", address=address, limit=limit
        ) from error
    except http_client.NoAnswer as error:
        values = {"address": address} | ({"why": error.why} if error.why else {})
        failure = _FAILURES[type(error)]
        raise FetchFailed(failure.template, **values) from error
