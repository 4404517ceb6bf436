"""Requests to timestamp authorities, responders and CRLs, which leave hosts alone that fail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from sqlalchemy import Engine

from app.cms import Reason
from app.destinations import Destinations
from app.store.evidence import circuits
from app.trust.downloads import fetch
from app.trust.errors import FetchFailed

_LEFT_ALONE = Reason("{host} failed several times and is left alone for now")


class Unavailable(Exception):
    """There is no answer now; `reason` says why. Later there may be one."""

    def __init__(self, reason: Reason) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Network:
    """Sends requests, and notes in the database which hosts fail. Thread-safe."""

    engine: Engine
    destinations: Destinations
    #: Seconds for each request.
    seconds: float

    def fetch(
        self, address: str, limit: int, *, body: bytes | None = None, kind: str | None = None
    ) -> bytes:
        """Return the answer of an address to GET, or to POST with a body of that media type.

        Raises Unavailable if there is none, if it has more than `limit` bytes, or if the host is
        left alone.
        """
        host = urlsplit(address).netloc
        with self.engine.connect() as connection:
            if circuits.is_open(connection, host, datetime.now(UTC)):
                raise Unavailable(Reason(_LEFT_ALONE.template, {"host": host}))
        try:
            answer = fetch(
                address,
                destinations=self.destinations,
                limit=limit,
                seconds=self.seconds,
                body=body,
                kind=kind,
            )
        except FetchFailed as error:
            with self.engine.connect() as connection:
                circuits.note_failure(connection, host, str(error.reason))
            raise Unavailable(error.reason) from error
        with self.engine.connect() as connection:
            circuits.note_success(connection, host)
        return answer
