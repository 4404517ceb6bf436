"""The limits of one client at a worker."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for a request's head, body and answer, between two requests, and without progress.

    `max_body` counts bytes, and `max_upload` those of a request that may bring a document;
    `threads` are those of a worker. `connections` is the limit of one address at a worker; None: no
    limit.
    """

    head: float
    body: float
    answer: float
    idle: float
    stall: float
    max_body: int
    max_upload: int
    threads: int
    connections: int | None
