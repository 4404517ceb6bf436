"""Counts computing time by caller, beside requests: one may cost as much as thousands.

It is the CPU time of the thread that answers a request, from the start until the last byte was
produced, and of the threads and processes that it waits for; and of other workers that do items of
the request. It is charged afterwards, so past usage decides on the next request, before that is
read; or on the next item of a request that has many.
"""

from __future__ import annotations

from functools import partial
from math import ceil
from time import time
from typing import TYPE_CHECKING

from flask import Flask, Response, current_app, request
from limits import RateLimitItem

from app.cms import cpu_time_ns
from app.rate_limit.callers import UNLIMITED, CallerKey, caller_key
from app.rate_limit.errors import TooMuchComputing
from app.rate_limit.shared_counters import SharedCounters

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

#: The unit of counting: microseconds.
_SECOND = 1_000_000

_BEGAN = "tanbahana.cpu_began"
_LEFT = "tanbahana.cpu_left"


def init_app(app: Flask, limit: RateLimitItem, key_of: CallerKey) -> None:
    """Count the computing time of each caller's requests.

    Call it before all other handlers around requests, which are counted, too; then `enforce`.

    Args:
        app: the application.
        limit: CPU seconds of a caller in a window, which starts with the first request.
        key_of: see `CallerKey`; other callers are counted by their address.
    """
    computing = app.extensions["computing"] = Computing(limit, key_of)
    app.before_request(computing.begin)
    app.after_request(computing.write_headers)


def enforce(app: Flask) -> None:
    """Refuse, before each request, a caller that has used up the limit.

    Call it after authentication and the counting of requests.
    """
    app.before_request(app.extensions["computing"].require)


class Computing:
    """Counts CPU time by callers.

    Its counters are separate from those of requests: when memory is full the lowest counters make
    room, and one request of a millisecond would count as a thousand requests.
    """

    def __init__(self, limit: RateLimitItem, key_of: CallerKey) -> None:
        self._counters = SharedCounters()
        self._most, self._window = limit.amount * _SECOND, limit.get_expiry()
        self._key_of = key_of
        # Draft-ietf-httpapi-ratelimit-headers only has the units requests, bytes and connections.
        self._policy = f'"cpu";q={limit.amount};w={self._window};qu="cpu-seconds"'

    def begin(self) -> None:
        """Start the clock."""
        environ = request.environ
        if environ["PATH_INFO"] not in UNLIMITED:
            environ[_BEGAN] = cpu_time_ns()

    def require(self) -> None:
        """Require that the caller has computing time left. Raises TooMuchComputing."""
        environ = request.environ
        if _BEGAN not in environ:
            return
        spent, reset = self._counters.read(caller_key(request, self._key_of))
        seconds = max(ceil(reset - time()), 1) if spent else self._window
        environ[_LEFT] = max(self._most - spent, 0) // _SECOND, seconds
        if spent >= self._most:
            raise TooMuchComputing(seconds)

    def write_headers(self, response: Response) -> Response:
        """Write what was left on the answer, and charge the usage when the answer ends."""
        environ = request.environ
        if _BEGAN not in environ:
            return response
        left = environ.get(_LEFT)
        if left is not None:
            response.headers.add("RateLimit-Policy", self._policy)
            response.headers.add("RateLimit", f'"cpu";r={left[0]};t={left[1]}')
        caller = caller_key(request, self._key_of)
        response.call_on_close(partial(self._charge, caller, environ))
        return response

    def settle(self) -> None:
        """Charge what the request has used so far, and require that the caller has more left.

        Raises TooMuchComputing.
        """
        environ = request.environ
        if _BEGAN in environ:
            self._charge(caller_key(request, self._key_of), environ)
            self.require()

    def current_caller(self) -> str | None:
        """Return what the current request is charged to; None if it isn't charged."""
        return caller_key(request, self._key_of) if _BEGAN in request.environ else None

    def charge(self, caller: str, nanoseconds: int) -> None:
        """Charge CPU time to a caller, from any process of the server."""
        # At least something, to start the caller's window.
        self._counters.count(caller, self._window, max(nanoseconds // 1000, 1))

    def has_left(self, caller: str) -> bool:
        """Return whether a caller has computing time left."""
        return self._counters.read(caller)[0] < self._most

    def _charge(self, caller: str, environ: WSGIEnvironment) -> None:
        now = cpu_time_ns()
        self.charge(caller, now - environ[_BEGAN])
        environ[_BEGAN] = now


def computing_of(app: Flask) -> Computing | None:
    """Return what counts the computing time of an application's callers; None without a limit."""
    computing: Computing | None = app.extensions.get("computing")
    return computing


def settle_computing() -> None:
    """Charge the caller before the next item of a request. Raises TooMuchComputing."""
    if computing := computing_of(current_app):
        computing.settle()
