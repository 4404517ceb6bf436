"""What is told to one who calls too often."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class TooManyRequests(Exception):
    """A caller has used up the requests of the time that runs."""

    template: ClassVar[str] = "Too many requests, try again in {seconds} seconds"

    def __init__(self, seconds: int) -> None:
        super().__init__(self.template.format(seconds=seconds))
        self.values: Mapping[str, object] = {"seconds": seconds}
        #: RFC 9110, section 10.2.3.
        self.headers = {"Retry-After": str(seconds)}
