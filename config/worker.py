"""gunicorn's worker, with the manners of the application."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from gunicorn import util
from gunicorn.http import errors
from gunicorn.workers.gthread import ThreadWorker

from app.observe.counters import count_refusal
from app.observe.logs import FIELDS
from app.observe.requests import HEADER, new_id

#: What gunicorn refuses before the application sees it; all other faults of a client are 400.
STATUS: dict[type[Exception], HTTPStatus] = {
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    errors.UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
}


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn is written without types
    """Threads, and refusals that wear the envelope and repeat nothing of the request."""

    #: What such a refusal says to browsers.
    cors_headers: Mapping[str, str] = {}

    def handle_error(self, _request: Any, client: Any, _address: Any, error: Exception) -> None:
        """Answer what never reached the application, or failed while an answer was sent.

        gunicorn's own answer is an HTML page, and its log line the request's address, which holds
        document codes.
        """
        name, request_id = type(error).__name__, new_id()
        fields = {FIELDS: {"request_id": request_id}}
        if isinstance(error, errors.ParseException):
            status = STATUS.get(type(error), HTTPStatus.BAD_REQUEST)
            self.log.info("refused a request: %s", name, extra=fields)
            count_refusal(name)
        else:
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            self.log.error("failed to answer: %s", name, extra=fields)
            count_refusal("Unexpected")
        body = json.dumps({"status": False, "message": status.phrase, "content": None}).encode()
        cors = "".join(f"{name}: {value}\r\n" for name, value in self.cors_headers.items())
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\nConnection: close\r\n"
            f"{HEADER}: {request_id}\r\n{cors}"
            f"Content-Type: application/json; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        try:
            util.write_nonblock(client, head.encode() + body)
        except OSError:
            self.log.debug("the client had left")
