"""The part of a connection that sends answers: on a disk that may be full, to slow clients."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from waitress.channel import ClientDisconnected, HTTPChannel

from app.server.adjustments import IN_MEMORY
from app.server.buffers import Spool
from app.server.task import AnswerDropped

if TYPE_CHECKING:
    from app.server.listener import Server


class Answering(HTTPChannel):  # type: ignore[misc]  # waitress is written without types
    """A connection, as far as it sends answers."""

    #: Seconds for which an answer has waited for the client, and whether the thread that writes it
    #: is waiting.
    _waited = 0.0
    _has_waiting_thread = False
    #: Called once, when an answer begins.
    at_answer: Callable[[], None] | None = None
    #: Whether a thread gave up the client; the main thread then closes the connection.
    _is_given_up = False
    #: Whether nothing is sent yet of the answer that is being written.
    _is_held = False
    #: Whether a thread is writing a part of it, which it sends by itself.
    _is_writing = False
    connected: bool
    total_outbufs_len: int
    current_outbuf_count: int

    def __init__(self, server: Server, *arguments: Any, **more: Any) -> None:
        super().__init__(server, *arguments, **more)
        self.outbufs = [Spool(self.adj.outbuf_overflow)]

    def look_again(self) -> None:
        """Have the main thread ask what this connection waits for; called by any thread."""
        self.server.look_again(self)

    def begin_answer(self) -> None:
        """Measure anew how long the client lets its answer wait."""
        self._waited = 0.0

    def write_soon(self, data: Any) -> int:
        """Write a part of an answer. Raises AnswerDropped or ClientDisconnected."""
        begins, self.at_answer = self.at_answer, None
        if begins:
            begins()
        self._begin_buffer()
        if isinstance(data, bytes) and len(data) > IN_MEMORY:
            self.outbufs[-1].overflow = self.server.hall.answer_in_memory()
        self._is_writing = True
        try:
            written = int(super().write_soon(data))
        except OSError as error:
            self._drop_answer(error)
        finally:
            self._is_writing = self._is_held
        if not self._is_held:
            self._look_if_unsent()
        return written

    def writable(self) -> bool:
        """Return whether the main thread has to send or to close.

        Not while a thread is sending: the socket is ready all that time, so the main thread would
        look in vain, over and over. What that thread could not send it announces by `look_again`.
        """
        is_sending = self._is_writing and not self._has_waiting_thread
        return not is_sending and bool(super().writable())

    def _look_if_unsent(self) -> None:
        if self.total_outbufs_len >= self.adj.send_bytes or self.will_close:
            self.look_again()

    def _begin_buffer(self) -> None:
        """Begin a buffer where waitress would, whose own ones fail to close on a full disk."""
        with self.outbuf_lock:
            is_ours = isinstance(self.outbufs[-1], Spool)
            if not is_ours or self.current_outbuf_count >= self.adj.outbuf_high_watermark:
                self.outbufs.append(Spool(self.adj.outbuf_overflow))
                self.current_outbuf_count = 0

    def _drop_answer(self, error: OSError) -> NoReturn:
        """Drop an answer that the disk has no room for; if it has begun, give up the client."""
        self.log_full_disk(error.strerror)
        with self.outbuf_lock:
            for buffer in self.outbufs:
                buffer.close()
            self.outbufs = [Spool(self.adj.outbuf_overflow)]
            self.total_outbufs_len = self.current_outbuf_count = 0
        if not self._is_held:
            self._give_up()
        raise AnswerDropped from error

    def log_full_disk(self, reason: str | None) -> None:
        """Log that the folder for temporary files can't be written."""
        self.server.hall.log.warning("the folder for temporary files is not usable: %s", reason)

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Send nothing of what is written meanwhile until all of that is in the buffers."""
        self._is_held = self._is_writing = True
        try:
            try:
                yield
            finally:
                self._is_held = False
            with self.outbuf_lock:
                self._flush_exception(self._flush_some, do_close=False)
        finally:
            self._is_writing = False
        self._look_if_unsent()

    def _flush_some(self, do_close: bool = True) -> bool:
        """Send what the client takes; return whether that was anything."""
        return not self._is_held and bool(super()._flush_some(do_close=do_close))

    def _flush_outbufs_below_high_watermark(self) -> None:
        """Wait until the client has read enough, if half of all threads remain for others.

        A thread that another one replaces doesn't count. Raises ClientDisconnected if too few
        remain, or if the client reads nothing for too long.
        """
        hall = self.server.hall
        if self.total_outbufs_len <= self.adj.outbuf_high_watermark:
            return
        counted = int(not self.server.task_dispatcher.is_replaced)
        is_too_much = counted and hall.waiting >= max(hall.limits.threads // 2, 1)
        if is_too_much or not hall.has_room():
            self._give_up()
        hall.waiting += counted
        self._has_waiting_thread = True
        try:
            with self.outbuf_lock:
                while self.connected and self.total_outbufs_len > self.adj.outbuf_high_watermark:
                    self.look_again()
                    began = time.monotonic()
                    if not self.outbuf_lock.wait(hall.limits.stall):
                        self._give_up()
                    self._waited += time.monotonic() - began
                    if self._waited > hall.limits.answer:
                        self._give_up()
        finally:
            hall.waiting -= counted
            self._has_waiting_thread = False

    def _give_up(self) -> None:
        self._is_given_up = True
        raise ClientDisconnected
