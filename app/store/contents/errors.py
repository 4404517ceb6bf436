"""Errors of places outside the database where documents are."""

from __future__ import annotations

from app.store.errors import StoreError


class ContentAway(StoreError):
    """A document can't be written or read now. `reason` is for the operator's log, not a caller."""

    template = "Where documents are kept is not available, try again later"

    def __init__(self, reason: str, seconds: int = 5) -> None:
        super().__init__()
        self.reason = reason
        #: RFC 9110 section 10.2.3.
        self.headers = {"Retry-After": str(seconds)}

    def __str__(self) -> str:
        return self.reason
