"""Answers to requests that are refused before they are complete, or that fail unexpectedly.

The application writes the answer (`app.server_refusal`). If there is none that can, or if it fails,
the answer is in English, in the envelope.
"""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

from waitress.channel import ClientDisconnected
from waitress.task import WSGITask
from waitress.utilities import Error

from app.caching import NO_STORE
from app.observability.counters import count_refusal
from app.observability.logs import FIELDS
from app.observability.request_log import HEADER, new_id
from app.server_refusal import VARIABLE
from app.server_refusal import Refusal as AppRefusal

#: Seconds after which a client may retry when there is no room.
RETRY_AFTER = "5"


class RequestTimeout(Error):  # type: ignore[misc]  # waitress is written without types
    """The request was not complete in time."""

    code = 408
    reason = "Request Timeout"


class TooManyBytes(Error):  # type: ignore[misc]
    """The data being received at the moment take all available room."""

    code = 503
    reason = "Service Unavailable"


class TooManyLarge(TooManyBytes):
    """A request with a large body waited too long for others to be answered."""


class DiskFull(TooManyBytes):
    """The folder for temporary files can't be written to."""


class Refusal(WSGITask):  # type: ignore[misc]
    """Answers a request that can't be answered normally, and closes the connection."""

    def __init__(self, channel: Any, request: Any) -> None:
        failed = channel.requests[0] if channel.requests else request
        if failed is request:
            request.read_leniently()
        else:  # waitress created it in place of the one in which the application failed.
            request.take_head_of(failed)
        super().__init__(channel, request)
        self._headers = (
            {"Retry-After": RETRY_AFTER} if self._error.code == TooManyBytes.code else {}
        )

    @property
    def _error(self) -> Error:
        return self.request.error

    def execute(self) -> None:
        """Write the answer; no part of the request is repeated in it or logged."""
        if self.channel.server.hall.answers_refusals:
            try:
                self.set_close_on_finish()
                super().execute()
            except (ClientDisconnected, OSError):
                raise
            except Exception:
                if self.wrote_header:
                    raise
            else:
                return
        self._answer_plainly()

    def get_environment(self) -> dict[str, Any]:
        """Return the WSGI environment for the application: with the refusal, without a body."""
        environ: dict[str, Any] = super().get_environment()
        refusal = AppRefusal(self._error.code, type(self._error).__name__, self._headers)
        environ |= {VARIABLE: refusal, "wsgi.input": BytesIO()}
        environ.pop("CONTENT_LENGTH", None)
        return environ

    def _answer_plainly(self) -> None:
        error, request_id = self._error, new_id()
        hall = self.channel.server.hall
        hall.log.info(
            "refused a request: %s",
            type(error).__name__,
            extra={FIELDS: {"request_id": request_id}},
        )
        count_refusal(type(error).__name__)
        body = json.dumps({"status": False, "message": error.reason, "content": None}).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers = [
            (HEADER, request_id),
            ("Cache-Control", NO_STORE),
            ("Content-Type", "application/json; charset=utf-8"),
            ("Content-Length", str(len(body))),
            *self._headers.items(),
            *hall.cors_headers.items(),
        ]
        self.complete = True
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)
