"""Scheduling of requests: those with large bodies get some of a worker's threads, never all.

One that waits for a slow client, as for a place among large answers, lets others be answered
meanwhile, and goes on before those that have not begun.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from time import monotonic
from typing import Any

from waitress.task import ThreadedTaskDispatcher

#: Bytes of a body from which on a request is large: decoding, parsing and hashing take some 10 ms
#: for each megabyte.
LARGE = 1_000_000
#: Seconds for which a large request waits to begin: clients and proxies usually wait no longer.
PATIENCE = 60.0


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
        #: Its `large`: the large request that the thread answers.
        self._here = threading.local()
        self._threads, self._lent = threads, 0
        self._lending = threading.Lock()
        #: Threads that others replace, with how many do.
        self._replaced: Counter[int] = Counter()
        self.set_thread_count(threads)

    @property
    def is_full(self) -> bool:
        """Whether as many requests are answered or queued as there are threads."""
        return int(self.active_count) + len(self.queue) - self._lent >= self._threads

    @contextmanager
    def extra_thread(self) -> Iterator[None]:
        """Run an additional thread while a request waits, in its own, for others to end.

        Where the system begins no thread, the request holds its own, and others have one less.
        """
        with ExitStack() as stack:
            thread = threading.get_ident()
            with suppress(RuntimeError):
                self._replace(thread, 1)
                stack.callback(self._replace, thread, -1)
            yield

    @property
    def is_replaced(self) -> bool:
        """Whether an additional thread runs for the present one."""
        return threading.get_ident() in self._replaced

    def start_new_thread(self, target: Callable[..., None], thread_no: int) -> None:
        """Begin a thread. Raises RuntimeError; waitress would count it as running then."""
        try:
            super().start_new_thread(target, thread_no)
        except RuntimeError:
            self.threads.discard(thread_no)
            raise

    def _replace(self, thread: int, count: int) -> None:
        with self._lending:
            self.set_thread_count(self._threads + self._lent + count)
            self._lent += count
            self._replaced[thread] += count
            if not self._replaced[thread]:
                del self._replaced[thread]

    def add_task(self, task: Any) -> None:
        """Queue a request to be answered."""
        if not _is_large(task):
            super().add_task(task)
            return
        self._begin_or_queue(_Large(task, self))

    def _begin_or_queue(self, large: _Large | _Place, *, is_first: bool = False) -> None:
        with self._large_lock:
            (self._waiting.appendleft if is_first else self._waiting.append)(large)
        self._begin_next()

    def _begin_next(self) -> None:
        """Let those begin that have waited longest, as many as may be at work."""
        while True:
            with self._large_lock:
                if not self._waiting or self._at_work + self._waiting[0].weight > self._most:
                    return
                following = self._waiting.popleft()
                self._at_work += following.weight
            if isinstance(following, _Place):
                following.service()
            else:
                super().add_task(following)

    @contextmanager
    def large_place(self) -> Iterator[None]:
        """Do something as large as a large request, in its turn, and while none is answered.

        The request that this thread answers counts no longer: it would wait for itself.
        """
        if self._large_here is not None:
            self._large_here.end()
        place = _Place(self._most)
        self._begin_or_queue(place)
        place.wait()
        try:
            yield
        finally:
            self.end(place)

    @contextmanager
    def letting_pass(self) -> Iterator[None]:
        """Let other large requests be answered meanwhile, if this thread answers one.

        That goes on before those that have not begun. After an exception it counts no longer.
        """
        large = self._large_here
        if large is None or large.has_ended:
            yield
            return
        large.end()
        yield
        place = _Place(large.weight)
        self._begin_or_queue(place, is_first=True)
        place.wait()
        large.has_ended = False

    @property
    def _large_here(self) -> _Large | None:
        """The large request that this thread answers."""
        large: _Large | None = getattr(self._here, "large", None)
        return large

    def answer(self, large: _Large) -> None:
        """Answer a large request in the present thread."""
        self._here.large = large
        try:
            large.task.service()
        finally:
            self._here.large = None
            large.end()

    def end(self, large: _Large | _Place) -> None:
        """Let the next begin in place of what has ended."""
        with self._large_lock:
            self._at_work -= large.weight
        self._begin_next()

    def refuse_late(self) -> None:
        """Have those refused that have waited for too long; called often, by the main thread."""
        if not self._waiting:
            return
        long_ago = monotonic() - PATIENCE
        with self._large_lock:
            waiting = tuple(self._waiting)
            late = [one for one in waiting if isinstance(one, _Large) and one.since < long_ago]
            for one in late:
                self._waiting.remove(one)
        for one in late:
            one.task.refuse_late()
            super().add_task(one.task)
        self._begin_next()


class _Place:
    """The turn of something else, or of a request that goes on, as large as so many requests."""

    def __init__(self, weight: int) -> None:
        self.weight = weight
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

    weight = 1

    def __init__(self, task: Any, dispatcher: Dispatcher) -> None:
        self.task, self._dispatcher = task, dispatcher
        #: When it was queued, by the monotonic clock; and whether it no longer counts as large.
        self.since, self.has_ended = monotonic(), False

    def service(self) -> None:
        """Answer it. Once the answer begins it no longer counts as large: a client may be slow."""
        self.task.at_answer = self.end
        self._dispatcher.answer(self)

    def end(self) -> None:
        """Count it no longer as large."""
        if not self.has_ended:
            self.has_ended = True
            self._dispatcher.end(self)

    def cancel(self) -> None:
        """Close it."""
        self.task.cancel()


def _is_large(task: Any) -> bool:
    # The main thread adds what it has read, or a thread the next request on its connection.
    return any(
        request.body_bytes_received >= LARGE and request.error is None
        for request in tuple(task.requests)[:1]
    )
