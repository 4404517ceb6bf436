"""Requests to timestamp authorities, responders and CRLs, which leave hosts alone that fail."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import BinaryIO
from urllib.parse import urlsplit

from sqlalchemy import Engine

from app.cms import Reason
from app.destinations import Destinations
from app.store.evidence import circuits
from app.trust.downloads import fetch
from app.trust.errors import FetchFailed

_LEFT_ALONE = Reason("{host} failed several times and is left alone for now")
_NO_TIME = Reason("there was no time left to ask {address}")

# Seconds for which a host that has answered is asked without a look at its circuit.
_FINE = 5.0
# Seconds in which a server should answer: one that had less has not failed.
_FAIR = 5.0


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
    #: When all requests must have ended, by `time.monotonic`; None: whenever they have.
    deadline: float | None = None
    #: Until when hosts that have answered lately aren't looked up, by `time.monotonic`.
    _fine: dict[str, float] = field(default_factory=dict)

    def until(self, deadline: float) -> Network:
        """Return the same, for requests that must have ended at a time of `time.monotonic`."""
        return replace(self, deadline=deadline)

    @property
    def seconds_left(self) -> float:
        """The seconds that a request which begins now may take; not positive: none may begin."""
        if self.deadline is None:
            return self.seconds
        return min(self.seconds, self.deadline - time.monotonic())

    def fetch(
        self,
        address: str,
        limit: int,
        *,
        body: bytes | None = None,
        kind: str | None = None,
        into: BinaryIO | None = None,
    ) -> bytes:
        """Return the answer of an address to GET, or to POST with a body of that media type.

        One that is written `into` a file is not returned. Raises Unavailable if there is none, if
        it has more than `limit` bytes, if the host is left alone, or if there is no time.
        """
        seconds = self.seconds_left
        if seconds <= 0:
            raise Unavailable(Reason(_NO_TIME.template, {"address": address}))
        host = urlsplit(address).netloc
        is_fine = self._fine.get(host, 0.0) > time.monotonic()
        if not is_fine:
            self._require_closed(host)
        try:
            answer = fetch(
                address,
                destinations=self.destinations,
                limit=limit,
                seconds=seconds,
                body=body,
                kind=kind,
                into=into,
            )
        except FetchFailed as error:
            self._fine.pop(host, None)
            if seconds >= min(self.seconds, _FAIR):  # Otherwise it had too little time.
                with self.engine.connect() as connection:
                    circuits.note_failure(connection, host, str(error.reason))
            raise Unavailable(error.reason) from error
        if not is_fine:
            self._note_success(host)
        return answer

    def _require_closed(self, host: str) -> None:
        """Raise Unavailable if a host is left alone."""
        with self.engine.connect() as connection:
            if circuits.is_open(connection, host, datetime.now(UTC)):
                raise Unavailable(Reason(_LEFT_ALONE.template, {"host": host}))

    def _note_success(self, host: str) -> None:
        with self.engine.connect() as connection:
            circuits.note_success(connection, host)
        if len(self._fine) >= circuits.MAX_HOSTS:
            self._fine.clear()
        self._fine[host] = time.monotonic() + _FINE
