"""Large answers: few are sent at once in each process, and small ones never wait for them.

A large answer holds its thread until the client has taken nearly all of it, some megabytes of
memory, connections to the database, and a file as large as a signature. So it takes one of few
places, in order of arrival; while it holds or waits for one, an additional thread serves the
others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from threading import Lock

from flask import current_app

from app.store.errors import NoRoom

#: Bytes from which on an answer is large: as many may wait for a client without a thread.
LARGE = 4 * 1024 * 1024
#: Seconds for which an answer waits for a place, and how many may wait.
PATIENCE, MAX_WAITING = 60.0, 32
#: Bytes of bodies that those may have in memory.
MAX_HELD = 32 * 1024 * 1024


class _Waiting:
    """A waiting answer: `called` is locked until its place is free."""

    def __init__(self, held: int) -> None:
        """Take the bytes of its body that are in memory."""
        self.held = held
        self.called = Lock()
        self.called.acquire()


class Places:
    """The places of one process. Thread-safe."""

    def __init__(self, threads: int, patience: float = PATIENCE) -> None:
        """Take the threads of the process, and the seconds for which an answer waits.

        Half of the threads may wait for slow clients; two are enough to keep one CPU busy.
        """
        self.patience = patience
        self._lock = Lock()
        self._free = 2 if threads >= 4 else 1
        self._waiting: deque[_Waiting] = deque()
        #: A context entered while a place is held, or waited for.
        self.extra_thread: Callable[[], AbstractContextManager[None]] = nullcontext
        #: A context entered while one is waited for: there other requests with large bodies pass.
        self.letting_pass: Callable[[], AbstractContextManager[None]] = nullcontext

    @contextmanager
    def take(self, held: int = 0) -> Iterator[None]:
        """Take a place, and give it back at the end.

        Args: held: bytes of a body that are in memory meanwhile.

        Raises: NoRoom: that would take too long, or those who wait hold too much.
        """
        waiting = self._ask(held)
        with ExitStack() as stack:
            stack.enter_context(self.extra_thread())
            with self.letting_pass() if waiting else nullcontext():
                if waiting:
                    self._wait(waiting)
                stack.callback(self._give_back)
            yield

    def take_if(self, size: int, held: int = 0) -> AbstractContextManager[None]:
        """Take a place for an answer of `size` bytes, if that is large. Raises NoRoom."""
        return self.take(held) if size > LARGE else nullcontext()

    def _ask(self, held: int) -> _Waiting | None:
        """Take a place, or one in the queue. Raises NoRoom."""
        with self._lock:
            if self._free:
                self._free -= 1
                return None
            others = sum(one.held for one in self._waiting)
            if len(self._waiting) >= MAX_WAITING or (others and others + held > MAX_HELD):
                raise NoRoom
            waiting = _Waiting(held)
            self._waiting.append(waiting)
            return waiting

    def _wait(self, waiting: _Waiting) -> None:
        """Wait for the place. If the wait ends otherwise, the queue is cleaned up."""
        try:
            is_called = waiting.called.acquire(timeout=self.patience)
        except BaseException:
            if not self._leave(waiting):
                self._give_back()
            raise
        if not is_called and self._leave(waiting):
            raise NoRoom

    def _leave(self, waiting: _Waiting) -> bool:
        """Leave the queue; return whether the place had not come at the last moment."""
        with self._lock:
            if waiting not in self._waiting:
                return False
            self._waiting.remove(waiting)
            return True

    def _give_back(self) -> None:
        """Pass the place to the next."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().called.release()
            else:
                self._free += 1


def current_places() -> Places:
    """Return the places of the current application."""
    places: Places = current_app.extensions["places"]
    return places
