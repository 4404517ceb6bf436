"""What is answered to requests that never reach the application, or fail there."""

from __future__ import annotations

import json

from waitress.task import ErrorTask
from waitress.utilities import Error

from app.caching import KEPT_BY_NOBODY
from app.observe.counters import count_refusal
from app.observe.logs import FIELDS
from app.observe.requests import HEADER, new_id


class RequestTimeout(Error):  # type: ignore[misc]  # waitress is written without types
    """The request was not complete in time."""

    code = 408
    reason = "Request Timeout"


class TooManyBytes(Error):  # type: ignore[misc]
    """What is being sent at this moment takes all the room that there is."""

    code = 503
    reason = "Service Unavailable"


class Refusal(ErrorTask):  # type: ignore[misc]
    """Answers what never reached the application, or failed there, in the envelope."""

    def execute(self) -> None:
        """Write the answer; nothing of the request is repeated in it or logged."""
        error, request_id = self.request.error, new_id()
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
            ("Cache-Control", KEPT_BY_NOBODY),
            ("Content-Type", "application/json; charset=utf-8"),
            ("Content-Length", str(len(body))),
            *hall.cors_headers.items(),
        ]
        if error.code == TooManyBytes.code:
            self.response_headers.append(("Retry-After", "5"))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)
