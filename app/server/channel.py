"""Connections to clients; a slow client never occupies a thread.

waitress reads a complete request before a thread sees it, and buffers answers for slow clients.
This module adds what a server without a proxy in front of it needs: deadlines for the head, the
body and the answer as a whole, limits for the buffers of all clients together, and that a client
that is still sending can read why it was refused (RFC 9112 section 9.6).
"""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from waitress.channel import ClientDisconnected
from waitress.utilities import Error

from app.server.adjustments import MAX_HEAD
from app.server.answering import Answering
from app.server.parser import Parser
from app.server.refusals import DiskFull, Refusal, RequestTimeout, TooManyBytes, TooManyLarge
from app.server.task import Task

if TYPE_CHECKING:
    from app.server.listener import Server

#: Minimum seconds for which a refused client may go on sending, so that it can read why.
DRAIN_SECONDS = 30.0
#: How many times the size of the largest body a refused request may send, with its framing.
DRAINED_BODIES = 3


class Channel(Answering):
    """One connection."""

    parser_class = Parser
    task_class = Task
    error_task_class = Refusal

    #: Whether an incomplete request was refused; until when the rest of it is dropped, by the
    #: monotonic clock, and how many bytes of it.
    _is_unread = False
    _drains_until: float | None = None
    _to_drain = 0
    #: Data received after the request that is being answered: at most one read.
    _ahead = b""
    #: When the deadlines were last checked, by the monotonic clock.
    _checked_at: float | None = None
    request: Parser | None
    requests: list[Parser]
    socket: Any
    sent_continue: bool

    def __init__(self, server: Server, *arguments: Any, **more: Any) -> None:
        super().__init__(server, *arguments, **more)
        self.descriptor = self.socket.fileno()
        server.hall.admit(self)

    @property
    def spooled(self) -> int:
        """Bytes of a body received so far, or of an answer that the client has not read."""
        # Not the announced size: a client that sends nothing would lock others out.
        requests = (self.request, *self.requests)
        bodies = sum(request.body_bytes_received for request in requests if request)
        return int(bodies + self.total_outbufs_len)

    def received(self, data: bytes) -> bool:
        """Process received data; a body that does not fit is refused in advance."""
        if self._drains_until is not None or self.will_close or self.close_when_flushed:
            return False
        self._ahead += data
        self._read_ahead()
        request = self.request
        if (
            request is not None
            and request.body_rcv is not None
            and not self.server.hall.has_room(len(data))
        ):
            self._refuse(TooManyBytes("bodies"))
        return True

    def _read_ahead(self) -> None:
        """Parse one request from the received data.

        The rest waits until its answer is sent: otherwise one packet could hold hundreds of
        requests, which this thread would parse before serving others. Empty lines before a request
        are ignored (RFC 9112 section 2.2).
        """
        with self.requests_lock:
            while self._ahead and not self.requests:
                if self.request is None:
                    self._ahead = self._ahead.lstrip(b"\r\n")
                    if not self._ahead:
                        return
                request = self.request = self.request or self.parser_class(self.adj)
                self._ahead = self._ahead[request.received(self._ahead) :]
                if request.expect_continue and request.headers_finished and not self.sent_continue:
                    self.send_continue()
                if request.completed:
                    self.request, self.sent_continue = None, False
                    self._is_unread = self._is_unread or bool(request.error)
                    if isinstance(request.error, DiskFull):
                        self.log_full_disk(request.error.body)
                    if not request.empty:
                        self.requests.append(request)
                        self.server.add_task(self)

    def service(self) -> None:
        """Answer the request; if that fails, the connection is closed and cleaned up."""
        try:
            super().service()
        except BaseException as error:
            self._end_requests()
            if not isinstance(error, ClientDisconnected | OSError):
                raise
        finally:
            if self._needs_main_thread():
                self.look_again()
            self.server.end_task()

    def _needs_main_thread(self) -> bool:
        """Return whether there is more to do than to read the next request, once it comes."""
        return bool(
            self._ahead or self.writable() or (self.connected and not self.server.is_read(self))
        )

    def _end_requests(self) -> None:
        with self.requests_lock:
            requests, self.requests, self._ahead = self.requests, [], b""
            self._is_given_up = True
        for request in requests:
            request.close()

    def _refuse(self, error: Error) -> None:
        """Answer an incomplete request; the rest of it is dropped."""
        with self.requests_lock:
            request, self.request = self.request, None
            if request is None or self.requests:
                self.will_close = True
                return
            if not request.headers_finished:
                request.refused_head = request.header_plus
            request.error = error
            request.completed = self._is_unread = True
            self.requests.append(request)
        self.server.add_task(self)

    def refuse_late(self) -> None:
        """Have the complete request refused when it is serviced, which has not begun."""
        for request in self.requests[:1]:
            request.error = TooManyLarge("late")

    def check_deadlines(self, now: float) -> None:
        """End what takes too long, `now` by the monotonic clock; called every second."""
        if self._drains_until is not None:
            if now > self._drains_until or self.server.hall.is_closing:
                self.leave()
        elif self._is_given_up:
            self.leave()  # Not `will_close`, which waits until the client reads something.
        elif self.total_outbufs_len:
            self._check_answer(now)
        elif not self.requests:
            self._waited = 0.0
            self._check_request(now)
        self._checked_at = now

    def _check_answer(self, now: float) -> None:
        limits = self.server.hall.limits
        # The whole answer: a client that empties the buffer once in a while is slow as well. While
        # a thread waits to write more of it, that measures.
        if not self._has_waiting_thread:
            self._waited += now - (self._checked_at or now)
        silent = time.time() - self.last_activity
        if self._waited > limits.answer or silent > limits.stall:
            self.leave()

    def _check_request(self, now: float) -> None:
        hall = self.server.hall
        if self.request is not None:
            is_body = self.request.headers_finished
            if now - self.request.began > (hall.limits.body if is_body else hall.limits.head):
                self._refuse(RequestTimeout("late"))
            return
        is_new = self.last_activity == self.creation_time
        patience = hall.limits.head if is_new else hall.limits.idle
        if hall.is_closing or time.time() - self.last_activity > patience:
            # Not `will_close`, which waits until the client reads what the system still holds.
            self.leave()

    def readable(self) -> bool:
        """Return whether there is anything to be read, or to be dropped."""
        if self._drains_until is not None:
            return True
        if self._ahead and super().readable():
            try:
                self._read_ahead()
            except Exception:  # Here it would end the worker with all its connections.
                self.logger.exception("Exception while reading a request")
                self._end_requests()
        return not self._ahead and bool(super().readable())

    def writable(self) -> bool:
        """Return whether there is anything to be written."""
        return self._drains_until is None and bool(super().writable())

    def handle_read(self) -> None:
        """Read received data; drop them if their request was refused."""
        if self._drains_until is None:
            super().handle_read()
            if not self.connected:  # The client sends no more; its request may be in progress.
                self._leave_if_done()
            return
        try:
            data = self.recv(self.adj.recv_bytes)
        except OSError:
            data = b""
        self._to_drain -= len(data)
        if not data or self._to_drain < 0:
            self.leave()

    def _leave_if_done(self) -> None:
        if not self.requests and not self.total_outbufs_len:
            self.leave()

    def handle_close(self) -> None:
        """Close, after a client that is still sending has read its answer.

        A socket that is closed while data arrive is reset, and the answer is lost.
        """
        if not self._is_unread or self._drains_until is not None or not self.connected:
            self.leave()
            return
        limits = self.server.hall.limits
        self._to_drain = DRAINED_BODIES * limits.max_body + MAX_HEAD
        # A dropped body has the same deadline as one that is read.
        self._drains_until = time.monotonic() + max(limits.body, DRAIN_SECONDS)
        self.will_close = False
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.leave()

    def leave(self) -> None:
        """Close, whatever the client does; called by the main thread. This never fails."""
        self.server.hall.channels.discard(self)
        connection = self.socket
        try:
            try:
                if self.request is not None:
                    self.request.close()  # The file of an incomplete body.
            finally:
                super().handle_close()
        except Exception:
            self.logger.exception("A connection could not be closed in order")
            self.connected, self.socket = False, None
            with suppress(Exception):
                self.del_channel()
            if connection is not None:
                with suppress(OSError):
                    connection.close()

    def handle_error(self) -> None:
        """Leave an exception to `Watched`, which logs it and closes the connection."""
        raise  # noqa: PLE0704 - called while it is handled
