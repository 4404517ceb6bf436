"""Counts requests by caller, and writes on each answer how many are left.

The header fields are those of draft-ietf-httpapi-ratelimit-headers (`RateLimit-Policy`,
`RateLimit`), and the three of its older versions, which most clients read.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from math import ceil

from flask import Flask, Request, Response, request
from limits import RateLimitItem

from app.rate_limit.errors import TooManyRequests
from app.rate_limit.shared_counters import SharedCounters

#: Paths for the operator, without a limit.
UNLIMITED = frozenset({"/health/live", "/health/ready", "/metrics"})

_LEFT = "tanbahana.left"

#: Returns the key of an authenticated caller; None for all others.
CallerKey = Callable[[Request], str | None]


def init_app(app: Flask, limit: RateLimitItem, key_of: CallerKey) -> None:
    """Limit the requests of an application.

    Call it after the handlers for preflights and authentication, before those that refuse callers.

    Args:
        app: the application.
        limit: requests of a caller in a window, which starts with the first one.
        key_of: see `CallerKey`; other callers are counted by their address.
    """
    counters = SharedCounters()
    amount, window = str(limit.amount), limit.get_expiry()
    policy = f'"caller";q={amount};w={window}'

    def count() -> None:
        environ = request.environ
        if environ["PATH_INFO"] in UNLIMITED:
            return
        counted, ends = counters.count(caller_key(request, key_of), window)
        seconds = max(ceil(ends - time.time()), 1)
        environ[_LEFT] = max(limit.amount - counted, 0), seconds
        if counted > limit.amount:
            raise TooManyRequests(seconds)

    def write_headers(response: Response) -> Response:
        left = request.environ.get(_LEFT)
        if left is not None:
            remaining, seconds = left
            add = response.headers.add
            add("RateLimit-Policy", policy)
            add("RateLimit", f'"caller";r={remaining};t={seconds}')
            add("RateLimit-Limit", amount)
            add("RateLimit-Remaining", str(remaining))
            add("RateLimit-Reset", str(seconds))
        return response

    app.before_request(count)
    app.after_request(write_headers)


def caller_key(request: Request, key_of: CallerKey) -> str:
    """Return the key of a caller: see `CallerKey`, else the address."""
    return key_of(request) or address_key(request.environ.get("REMOTE_ADDR") or "")


@lru_cache(maxsize=4096)
def address_key(address: str) -> str:
    """Return the key of the caller at an address.

    A port, which some proxies add, is ignored. Of IPv6 the first 64 bits are used: one subscriber
    has all addresses with that prefix.
    """
    bare = address.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        parsed = ip_address(bare)
    except ValueError:
        return f"address {address}"
    if not isinstance(parsed, IPv6Address):
        return f"address {parsed}"
    if parsed.ipv4_mapped:
        return f"address {parsed.ipv4_mapped}"
    return f"network {int(parsed) >> 64:x}"
