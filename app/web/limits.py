"""How often anyone may have something verified without a token: by address, on public pages."""

from __future__ import annotations

import time
from math import ceil

from flask import Flask, current_app, request

from app.rate_limit.callers import address_key
from app.rate_limit.errors import TooManyRequests
from app.rate_limit.shared_counters import SharedCounters

#: Verifications of an address in a window of seconds: for a person, and for an office behind one
#: address, they are many; each may cost a second.
AMOUNT, WINDOW = 60, 60
#: Addresses that are counted at once.
CAPACITY = 16_384
_KEY = "public pages' counters"


def init_app(app: Flask) -> None:
    """Create the counters, which all workers share: before they are forked."""
    app.extensions[_KEY] = SharedCounters(CAPACITY)


def count_verification() -> None:
    """Count one of the caller's address. Raises TooManyRequests."""
    counters: SharedCounters | None = current_app.extensions.get(_KEY)
    if counters is None:
        return
    number, ends = counters.count(address_key(request.environ.get("REMOTE_ADDR") or ""), WINDOW)
    if number > AMOUNT:
        raise TooManyRequests(max(ceil(ends - time.time()), 1))
