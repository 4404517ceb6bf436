"""Errors for callers that send too many requests, or use too much computing time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class LimitReached(Exception):
    """A caller has used up the current window."""

    template: ClassVar[str]

    def __init__(self, seconds: int) -> None:
        super().__init__(self.template.format(seconds=seconds))
        self.values: Mapping[str, object] = {"seconds": seconds}
        #: RFC 9110, section 10.2.3.
        self.headers = {"Retry-After": str(seconds)}


class TooManyRequests(LimitReached):
    """A caller has used up the requests of the current window."""

    template = "Too many requests, try again in {seconds} seconds"


class TooMuchComputing(LimitReached):
    """A caller's requests have used up the computing time of the current window."""

    template = "Too much computing time was used, try again in {seconds} seconds"
