"""Large answers: few are sent at once in each process, and small ones never wait for them.

A large answer holds its thread until the client has taken nearly all of it, some megabytes of
memory, connections to the database, and a file as large as a signature. So it takes one of few
places, in order of arrival; while it holds or waits for one, an additional thread serves the
others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Lock

from flask import current_app

from app.store.errors import NoRoom

#: Bytes from which on an answer is large: as many may wait for a client without a thread.
LARGE = 4 * 1024 * 1024
#: Seconds for which an answer waits for a place, and how many may wait.
PATIENCE, MAX_WAITING = 60.0, 32


class Places:
    """The places of one process. Thread-safe."""

    def __init__(self, threads: int, patience: float = PATIENCE) -> None:
        """Take the threads of the process, and the seconds for which an answer waits.

        Half of the threads may wait for slow clients; two are enough to keep one CPU busy.
        """
        self.patience = patience
        self._lock = Lock()
        self._free = 2 if threads >= 4 else 1
        #: The waiting answers: each lock is released when its place is free.
        self._waiting: deque[Lock] = deque()
        #: A context entered while a place is held, or waited for.
        self.extra_thread: Callable[[], AbstractContextManager[None]] = nullcontext

    @contextmanager
    def take(self) -> Iterator[None]:
        """Take a place, and give it back at the end. Raises NoRoom if that would take too long."""
        called = self._ask()
        with self.extra_thread():
            if called:
                self._wait(called)
            try:
                yield
            finally:
                self._give_back()

    def take_if(self, size: int) -> AbstractContextManager[None]:
        """Take a place for an answer of `size` bytes, if that is large. Raises NoRoom."""
        return self.take() if size > LARGE else nullcontext()

    def _ask(self) -> Lock | None:
        """Take a place, or one in the queue. Raises NoRoom."""
        with self._lock:
            if self._free:
                self._free -= 1
                return None
            if len(self._waiting) >= MAX_WAITING:
                raise NoRoom
            called = Lock()
            called.acquire()
            self._waiting.append(called)
            return called

    def _wait(self, called: Lock) -> None:
        """Wait for the place. If the wait ends otherwise, the queue is cleaned up."""
        try:
            is_called = called.acquire(timeout=self.patience)
        except BaseException:
            if not self._leave(called):
                self._give_back()
            raise
        if not is_called and self._leave(called):
            raise NoRoom

    def _leave(self, called: Lock) -> bool:
        """Leave the queue; return whether the place had not come at the last moment."""
        with self._lock:
            if called not in self._waiting:
                return False
            self._waiting.remove(called)
            return True

    def _give_back(self) -> None:
        """Pass the place to the next."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1


def current_places() -> Places:
    """Return the places of the current application."""
    places: Places = current_app.extensions["places"]
    return places
