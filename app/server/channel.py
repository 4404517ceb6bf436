"""Connections to clients, none of which holds a thread by being slow.

waitress reads a request whole before a thread sees it, and keeps what a client is slow to take.
This module adds what a server without a proxy in front needs besides: deadlines for the head, the
body and the answer as a whole, bounds on what all clients together may leave here, and that a
client that is still sending can read why it was refused (RFC 9112 section 9.6).
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.task import WSGITask
from waitress.utilities import Error

from app.server.adjustments import MAX_HEAD
from app.server.parser import Parser
from app.server.refusals import Refusal, RequestTimeout, TooManyBytes

if TYPE_CHECKING:
    from app.server.listener import Server

#: Seconds for which a client that was refused may go on sending at least, so that it reads why.
DRAIN_SECONDS = 30.0
#: How often the largest body may come of a request that was refused, with its framing.
DRAINED_BODIES = 3


class Task(WSGITask):  # type: ignore[misc]  # waitress is written without types
    """Answers one request by the application."""

    def start(self) -> None:
        """Begin; the last answers of a worker that stops say that the connection closes."""
        super().start()
        if self.channel.server.hall.count_request():
            self.set_close_on_finish()


class Channel(HTTPChannel):  # type: ignore[misc]
    """One connection."""

    parser_class = Parser
    task_class = Task
    error_task_class = Refusal

    #: Whether a request was refused of which more may come; until when that is dropped, by the
    #: monotonic clock, and how many bytes of it.
    _is_unread = False
    _drains_until: float | None = None
    _to_drain = 0
    #: What came behind the request that is answered now: at most what is read at once.
    _ahead = b""
    #: Seconds for which an answer waited for the client, and when that was looked at last.
    _waited = 0.0
    _looked_at: float | None = None
    #: Called once, when an answer begins.
    at_answer: Callable[[], None] | None = None
    #: Whether a thread gave up the client, for the main thread to close the connection.
    _is_given_up = False
    request: Parser | None
    requests: list[Parser]
    connected: bool
    sent_continue: bool

    def __init__(self, server: Server, *arguments: Any, **more: Any) -> None:
        super().__init__(server, *arguments, **more)
        server.hall.let_in(self)

    @property
    def spooled(self) -> int:
        """Bytes that the client has sent of a body, or has not taken of an answer."""
        # Not what is announced: a client that sends nothing of it would keep others out.
        requests = (self.request, *self.requests)
        bodies = sum(request.body_bytes_received for request in requests if request)
        return int(bodies + self.total_outbufs_len)

    def received(self, data: bytes) -> bool:
        """Take what came; a body for which there is no room is refused before it comes."""
        if self._drains_until is not None or self.will_close or self.close_when_flushed:
            return False
        self._ahead += data
        self._read_ahead()
        request = self.request
        if request is not None and request.body_rcv is not None and not self.server.hall.has_room():
            self._refuse(TooManyBytes("bodies"))
        return True

    def _read_ahead(self) -> None:
        """Read one request out of what came.

        What is behind it waits until its answer is taken: else one packet could have hundreds,
        which this thread would parse before it does anything for others. Empty lines before a
        request say nothing (RFC 9112 section 2.2).
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
                    if not request.empty:
                        self.requests.append(request)
                        self.server.add_task(self)

    def service(self) -> None:
        """Answer the request; where that fails, the connection ends and leaves nothing behind."""
        try:
            super().service()
        except BaseException as error:
            self._end_requests()
            if not isinstance(error, ClientDisconnected | OSError):
                raise

    def _end_requests(self) -> None:
        with self.requests_lock:
            requests, self.requests, self._ahead = self.requests, [], b""
            self._is_given_up = True
        for request in requests:
            request.close()

    def _refuse(self, error: Error) -> None:
        """Answer a request that is not complete; what else comes of it is dropped."""
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

    def look(self, now: float) -> None:
        """Give up what takes too long, `now` by the monotonic clock; called every second."""
        if self._drains_until is not None:
            if now > self._drains_until:
                self._leave()
        elif self._is_given_up:
            self._leave()  # Not `will_close`, which waits until the client takes something.
        elif self.total_outbufs_len:
            self._look_at_answer(now)
        elif not self.requests:
            self._waited = 0.0
            self._look_at_request(now)
        self._looked_at = now

    def _look_at_answer(self, now: float) -> None:
        limits = self.server.hall.limits
        # All of an answer together: a client that takes all of it once in a while is slow as well.
        self._waited += now - (self._looked_at or now)
        silent = time.time() - self.last_activity
        if self._waited > limits.answer or silent > limits.stall:
            self._leave()

    def _look_at_request(self, now: float) -> None:
        hall = self.server.hall
        if self.request is not None:
            is_body = self.request.headers_finished
            if now - self.request.began > (hall.limits.body if is_body else hall.limits.head):
                self._refuse(RequestTimeout("late"))
            return
        is_new = self.last_activity == self.creation_time
        patience = hall.limits.head if is_new else hall.limits.idle
        if hall.is_closing or time.time() - self.last_activity > patience:
            self.will_close = True

    def readable(self) -> bool:
        """Return whether there is anything to be read, or to be dropped."""
        if self._drains_until is not None:
            return True
        if self._ahead and super().readable():
            try:
                self._read_ahead()
            except Exception:  # Here it would end the worker, with all of its connections.
                self.logger.exception("Exception while reading a request")
                self._end_requests()
        return not self._ahead and bool(super().readable())

    def writable(self) -> bool:
        """Return whether there is anything to be written."""
        return self._drains_until is None and bool(super().writable())

    def handle_read(self) -> None:
        """Read what came; drop it if its request was refused."""
        if self._drains_until is None:
            super().handle_read()
            if not self.connected:  # The client sends no more; what it asked for may be under way.
                self._leave_if_done()
            return
        try:
            data = self.recv(self.adj.recv_bytes)
        except OSError:
            data = b""
        self._to_drain -= len(data)
        if not data or self._to_drain < 0:
            self._leave()

    def _leave_if_done(self) -> None:
        if not self.requests and not self.total_outbufs_len:
            self._leave()

    def handle_close(self) -> None:
        """Close, but let a client that is still sending read its answer first.

        A socket that is closed while bytes come is reset, and the answer is lost with it.
        """
        if not self._is_unread or self._drains_until is not None or not self.connected:
            self._leave()
            return
        limits = self.server.hall.limits
        self._to_drain = DRAINED_BODIES * limits.max_body + MAX_HEAD
        # A client has no more time for a body that is dropped than for one that is read.
        self._drains_until = time.monotonic() + max(limits.body, DRAIN_SECONDS)
        self.will_close = False
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self._leave()

    def _leave(self) -> None:
        self.server.hall.channels.discard(self)
        if self.request is not None:
            self.request.close()  # The file of a body that is not complete.
        super().handle_close()

    def write_soon(self, data: Any) -> int:
        """Take a part of an answer."""
        begins, self.at_answer = self.at_answer, None
        if begins:
            begins()
        return int(super().write_soon(data))

    def _flush_outbufs_below_high_watermark(self) -> None:
        """Wait until the client has taken enough, if half of all threads are free for others.

        Raises ClientDisconnected if they aren't, or if the client takes nothing for too long.
        """
        hall = self.server.hall
        if self.total_outbufs_len <= self.adj.outbuf_high_watermark:
            return
        if hall.waiting >= max(hall.limits.threads // 2, 1) or not hall.has_room():
            self._give_up()
        hall.waiting += 1
        try:
            with self.outbuf_lock:
                while self.connected and self.total_outbufs_len > self.adj.outbuf_high_watermark:
                    self.server.pull_trigger()
                    if not self.outbuf_lock.wait(hall.limits.stall):
                        self._give_up()
        finally:
            hall.waiting -= 1

    def _give_up(self) -> None:
        self._is_given_up = True
        raise ClientDisconnected
