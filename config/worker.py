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
from config.free_threads import FREE_THREADS

#: What gunicorn refuses before the application sees it; all other faults of a client are 400.
STATUS: dict[type[Exception], HTTPStatus] = {
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    errors.UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
}


#: Seconds for which a worker leaves a new connection to others who have a thread for it, and after
#: which it asks again whether they have.
PATIENCE, ASK_AGAIN = 0.05, 0.005


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn is written without types
    """Threads, and refusals that wear the envelope and repeat nothing of the request.

    While all of its threads are at work, it leaves new connections to workers who have one free.
    gunicorn's own worker accepts all that it can get: of clients that come at once one process gets
    nearly all, and serves them on one core.
    """

    #: What a refusal says to browsers.
    cors_headers: Mapping[str, str] = {}
    #: Which of the server's workers this is, counted from 0.
    place = 0
    #: Whether it leaves a connection to others; since when; and when it last asked whether to. By
    #: the monotonic clock, seconds.
    _leaves = False
    _left_at = _asked_at = -PATIENCE

    def run(self) -> None:
        """Serve until told to stop."""
        try:
            super().run()
        finally:
            FREE_THREADS.tell(self.place, free=False)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for what there is to do, and do it; what was left to others is looked at soon."""
        self._tell()
        super().wait_for_and_dispatch_events(min(timeout, ASK_AGAIN) if self._leaves else timeout)

    def accept(self, listener: Any) -> None:
        """Accept a connection, or leave it to others."""
        self.set_accept_enabled(True)
        if not self._leaves:
            super().accept(listener)
            self._tell()

    def set_accept_enabled(self, enabled: bool) -> None:
        """Look for new connections, or don't, which holds until gunicorn asks for it again."""
        self._leaves = enabled and self._is_to_leave()
        super().set_accept_enabled(enabled and not self._leaves)

    def _is_to_leave(self) -> bool:
        """Tell whether others will take a connection; those who don't are busy after all."""
        if self._tell() or not FREE_THREADS.are_there():
            return False
        now = time.monotonic()
        if now - self._asked_at > 4 * ASK_AGAIN:  # This is another connection than the last one.
            self._left_at = now
        self._asked_at = now
        return now - self._left_at < PATIENCE

    def _tell(self) -> bool:
        """Tell the others, and whoever asks, whether a thread is free."""
        at_work = self.nr_conns - len(self.keepalived_conns) - len(self.pending_conns)
        free = bool(self.alive and at_work < self.cfg.threads)
        FREE_THREADS.tell(self.place, free=free)
        return free

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
