"""Computing is counted for each caller, beside requests: one may cost as much as thousands.

What counts is the CPU time of the thread that answers a request, from its beginning until its last
byte was made: verification runs in that thread, too. It is charged afterwards, so what a caller has
used decides over the next request, before anything of that is read.
"""

from __future__ import annotations

from functools import partial
from math import ceil
from time import thread_time_ns, time

from flask import Flask, Response, request
from limits import RateLimitItem

from app.rate_limit.callers import UNLIMITED, Who, caller_key
from app.rate_limit.errors import TooMuchComputing
from app.rate_limit.shared_counters import SharedCounters

#: Microseconds, in which it is counted.
_SECOND = 1_000_000

_BEGAN = "tanbahana.cpu_began"
_LEFT = "tanbahana.cpu_left"


def init_app(app: Flask, limit: RateLimitItem, who: Who) -> None:
    """Count what the requests of each caller compute.

    To be called before all else that is done around requests, which is counted, too. `enforce` is
    to follow.

    Args:
        app: the application.
        limit: how many CPU seconds a caller has in which time, which runs from the first one.
        who: see `Who`; all others are counted by their address.
    """
    computing = app.extensions["computing"] = _Computing(limit, who)
    app.before_request(computing.begin)
    app.after_request(computing.tell)


def enforce(app: Flask) -> None:
    """Refuse, before each request, a caller who has used up the limit.

    To be called after what finds out who calls, and counts requests.
    """
    app.before_request(app.extensions["computing"].demand)


class _Computing:
    """Counts CPU time by callers.

    Its counters are apart from those of requests: where there is room for one more, those that have
    counted least make it, and a request of a millisecond would be worth a thousand of these.
    """

    def __init__(self, limit: RateLimitItem, who: Who) -> None:
        self._counters = SharedCounters()
        self._most, self._window = limit.amount * _SECOND, limit.get_expiry()
        self._who = who
        # Draft-ietf-httpapi-ratelimit-headers has units of requests, bytes and connections only.
        self._policy = f'"cpu";q={limit.amount};w={self._window};qu="cpu-seconds"'

    def begin(self) -> None:
        """Begin to count."""
        environ = request.environ
        if environ["PATH_INFO"] not in UNLIMITED:
            environ[_BEGAN] = thread_time_ns()

    def demand(self) -> None:
        """Demand that the caller has computing time left. Raises TooMuchComputing."""
        environ = request.environ
        if _BEGAN not in environ:
            return
        spent, reset = self._counters.read(caller_key(request, self._who))
        seconds = max(ceil(reset - time()), 1) if spent else self._window
        environ[_LEFT] = max(self._most - spent, 0) // _SECOND, seconds
        if spent >= self._most:
            raise TooMuchComputing(seconds)

    def tell(self, response: Response) -> Response:
        """Return what was left, and charge what is used when the answer ends."""
        environ = request.environ
        began = environ.get(_BEGAN)
        if began is None:
            return response
        left = environ.get(_LEFT)
        if left is not None:
            response.headers.add("RateLimit-Policy", self._policy)
            response.headers.add("RateLimit", f'"cpu";r={left[0]};t={left[1]}')
        caller = caller_key(request, self._who)
        response.call_on_close(partial(self._charge, caller, began))
        return response

    def _charge(self, caller: str, began: int) -> None:
        # At least something, so that the time of a caller's window runs.
        spent = max((thread_time_ns() - began) // 1000, 1)
        self._counters.count(caller, self._window, spent)
