"""Scheduling of requests: those with large bodies get some of a worker's threads, never all."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from waitress.task import ThreadedTaskDispatcher

#: Bytes of a body from which on a request is large: decoding, parsing and hashing take some 10 ms
#: for each megabyte.
LARGE = 1_000_000


class Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]  # waitress is written without types
    """Threads that answer requests; large ones wait, without a thread, while others are answered.

    A task is a connection whose first request is complete.
    """

    def __init__(self, threads: int) -> None:
        """Start the threads, a quarter of which may answer large requests."""
        super().__init__()
        self._most = max(threads // 4, 1)
        self._at_work = 0
        self._waiting: deque[_Large | _Place] = deque()
        self._large_lock = threading.Lock()
        self._threads, self._lent = threads, 0
        self._lending = threading.Lock()
        self.set_thread_count(threads)

    @property
    def waiting(self) -> int:
        """How many wait without a thread, or with a temporary one."""
        return len(self._waiting) + self._lent

    @contextmanager
    def extra_thread(self) -> Iterator[None]:
        """Run an additional thread while a request waits, in its own, for others to end."""
        self._change_threads(1)
        try:
            yield
        finally:
            self._change_threads(-1)

    def _change_threads(self, count: int) -> None:
        with self._lending:
            self.set_thread_count(self._threads + self._lent + count)
            self._lent += count

    def add_task(self, task: Any) -> None:
        """Queue a request to be answered."""
        if not _is_large(task):
            super().add_task(task)
            return
        large = _Large(task, self)
        with self._large_lock:
            if self._at_work >= self._most:
                self._waiting.append(large)
                return
            self._at_work += 1
        super().add_task(large)

    @contextmanager
    def large_place(self) -> Iterator[None]:
        """Do something as large as a large request, in its turn among those."""
        place = _Place()
        with self._large_lock:
            if self._at_work < self._most:
                self._at_work += 1
                place.service()
            else:
                self._waiting.append(place)
        place.wait()
        try:
            yield
        finally:
            self.end_large()

    def end_large(self) -> None:
        """Let the next large request run in place of a finished one."""
        with self._large_lock:
            if not self._waiting:
                self._at_work -= 1
                return
            following = self._waiting.popleft()
        super().add_task(following)


class _Place:
    """The turn of something that is no request."""

    def __init__(self) -> None:
        self._called = threading.Event()

    def service(self) -> None:
        """Let it begin."""
        self._called.set()

    def cancel(self) -> None:
        """Let it begin, too: it ends by itself."""
        self._called.set()

    def wait(self) -> None:
        """Wait for that."""
        self._called.wait()


class _Large:
    """The task of answering a large request."""

    def __init__(self, task: Any, dispatcher: Dispatcher) -> None:
        self._task, self._dispatcher = task, dispatcher
        self._has_ended = False

    def service(self) -> None:
        """Answer it. Once the answer begins it no longer counts as large: a client may be slow."""
        self._task.at_answer = self._end
        try:
            self._task.service()
        finally:
            self._end()

    def _end(self) -> None:
        if not self._has_ended:
            self._has_ended = True
            self._dispatcher.end_large()

    def cancel(self) -> None:
        """Close it."""
        self._task.cancel()


def _is_large(task: Any) -> bool:
    # The main thread adds what it has read, or a thread the next request on its connection.
    return any(
        request.body_bytes_received >= LARGE and request.error is None
        for request in tuple(task.requests)[:1]
    )
