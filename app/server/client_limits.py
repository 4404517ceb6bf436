"""What one client may take of a worker."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for a request's head, body and answer, between two requests, and without progress.

    `max_body` counts bytes; `threads` are those of a worker. `connections` are those that one
    address may have to a worker; None: any number.
    """

    head: float
    body: float
    answer: float
    idle: float
    stall: float
    max_body: int
    threads: int
    connections: int | None
