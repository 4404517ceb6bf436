"""Large answers: few are sent at once in each process, and small ones never wait for them.

A large answer holds its thread until the client has taken nearly all of it, some megabytes of
memory, connections to the database, and a file as large as a signature. So it takes one of few
places, in the order in which they came; and for as long as it holds or awaits one, its thread is
replaced by another, for the others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Lock

from flask import current_app

from app.store.errors import NoRoom

#: Bytes from which on an answer is large: so many may wait for a client without a thread.
LARGE = 4 * 1024 * 1024
#: Seconds for which an answer waits for a place, and how many may.
PATIENCE, MAX_WAITING = 60.0, 32


class Places:
    """The places of one process. Safe to share by threads."""

    def __init__(self, threads: int, patience: float = PATIENCE) -> None:
        """Take the threads of the process, and the seconds for which an answer waits.

        Half of the threads may wait for slow clients; two are enough to keep a processor busy.
        """
        self.patience = patience
        self._lock = Lock()
        self._free = 2 if threads >= 4 else 1
        #: Each is locked until the place is its own.
        self._waiting: deque[Lock] = deque()
        #: Entered for as long as a place is held, or waited for.
        self.lend: Callable[[], AbstractContextManager[None]] = nullcontext

    @contextmanager
    def take(self) -> Iterator[None]:
        """Take a place, and give it back in the end. Raises NoRoom if that would take too long."""
        called = self._ask()
        with self.lend():
            if called:
                self._wait(called)
            try:
                yield
            finally:
                self._give_back()

    def take_if(self, size: int) -> AbstractContextManager[None]:
        """Take a place for an answer of so many bytes, if that is large. Raises NoRoom."""
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
        """Wait for the place. Whatever ends it otherwise, nothing of it stays."""
        try:
            is_called = called.acquire(timeout=self.patience)
        except BaseException:
            if not self._leave(called):
                self._give_back()
            raise
        if not is_called and self._leave(called):
            raise NoRoom

    def _leave(self, called: Lock) -> bool:
        """Wait no more; tell whether the place didn't come in the last moment."""
        with self._lock:
            if called not in self._waiting:
                return False
            self._waiting.remove(called)
            return True

    def _give_back(self) -> None:
        """Let the next one have the place."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1


def current_places() -> Places:
    """Return the places of the application at work."""
    places: Places = current_app.extensions["places"]
    return places
