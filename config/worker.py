"""gunicorn's worker, with the manners of the application."""

from __future__ import annotations

import json
import time
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


#: Seconds for which a worker whose threads are all at work leaves new connections to the others,
#: and after which it does so again.
LEAVE, LEAVE_AGAIN = 0.05, 1.0


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn is written without types
    """Threads, and refusals that wear the envelope and repeat nothing of the request.

    It accepts a connection when it has a thread for it. gunicorn's own worker accepts all that it
    can get: of clients that come at once one process gets nearly all, and serves them on one core.
    """

    #: What a refusal says to browsers.
    cors_headers: Mapping[str, str] = {}
    #: When it began to leave connections to the others, by the monotonic clock.
    _left_at = -LEAVE_AGAIN

    def accept(self, listener: Any) -> None:
        """Accept a connection, or leave it to the others."""
        if self._leaves_it():
            self.set_accept_enabled(False)
        else:
            super().accept(listener)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Look for new connections or not; gunicorn asks again after each event."""
        super().set_accept_enabled(enabled and not self._leaves_it())

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Do what there is to do; what is left to the others is looked at again soon."""
        soon = self.alive and not self._accepting
        super().wait_for_and_dispatch_events(min(timeout, LEAVE) if soon else timeout)

    def _leaves_it(self) -> bool:
        """Tell whether to leave a connection to the others, who may be at work as well.

        So it is left for a moment only: then it waits in line with the requests of those who stay.
        """
        at_work = self.nr_conns - len(self.keepalived_conns) - len(self.pending_conns)
        if self.cfg.workers == 1 or at_work < self.cfg.threads:
            self._left_at = -LEAVE_AGAIN
            return False
        now = time.monotonic()
        if now - self._left_at >= LEAVE_AGAIN:
            self._left_at = now
        return now - self._left_at < LEAVE

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
