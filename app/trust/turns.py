"""Turns at verifying: one verification at a time in each process.

Verification takes CPU time, up to 2 seconds for a hostile signature, and memory: in parallel
verifications would slow down each other and everything else. So they take turns, in order of
arrival; a request that waits too long, or finds too many waiting, is refused. Background work goes
last.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sized
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Lock, get_ident
from time import monotonic
from typing import ClassVar

#: Characters of a signature, with its content, from which on parsing takes a turn, too.
LARGE = 256 * 1024
#: Seconds for which a request waits at most, and one for which verification is optional.
PATIENCE, SHORT_PATIENCE = 10.0, 0.025
#: How many may wait at once.
MAX_WAITING = 32
#: Seconds for which background work lets all others go first.
GIVES_WAY = 5.0
#: Seconds after which a refused client may retry.
RETRY_AFTER = 5


class Busy(Exception):
    """Too many verifications are waiting here."""

    template: ClassVar[str] = "Too much is being verified here, try again in {seconds} seconds"

    def __init__(self) -> None:
        self.values: Mapping[str, object] = {"seconds": RETRY_AFTER}
        super().__init__(self.template.format(**self.values))
        #: RFC 9110 section 10.2.3.
        self.headers = {"Retry-After": str(RETRY_AFTER)}


class _Waiting:
    """A waiting thread: `called` is locked until its turn comes."""

    def __init__(self) -> None:
        self.thread = get_ident()
        self.called = Lock()
        self.called.acquire()


class Turns:
    """The turns of one process. Thread-safe; a thread may take a turn again that it has."""

    def __init__(self, patience: float = PATIENCE) -> None:
        """Take the default number of seconds to wait."""
        self.patience = patience
        self._lock = Lock()
        #: The thread that has the turn, and how often it took it.
        self._thread: int | None = None
        self._depth = 0
        self._waiting: deque[_Waiting] = deque()
        self._last: deque[_Waiting] = deque()
        #: A context entered while a thread waits for long, so that its worker can add a thread.
        self.extra_thread: Callable[[], AbstractContextManager[None]] = nullcontext
        #: A context in which background work is as large as a large request, instead of one.
        self.large_place: Callable[[], AbstractContextManager[None]] = nullcontext

    @contextmanager
    def take(self, patience: float | None = None) -> Iterator[None]:
        """Take a turn, after all earlier callers.

        Args: patience: seconds to wait at most.

        Raises: Busy: it would take longer, or too many wait.
        """
        waiting = self._ask()
        if waiting:
            self._wait(waiting, self.patience if patience is None else patience)
        try:
            yield
        finally:
            self._give_back()

    def reading(self, *texts: Sized | None) -> AbstractContextManager[None]:
        """Take a turn for parsing large inputs. Raises Busy."""
        return self.reading_size(sum(len(text) for text in texts if text))

    def reading_size(self, size: int) -> AbstractContextManager[None]:
        """Take a turn for an input of so many characters or bytes, if it is large. Raises Busy."""
        return self.take() if size > LARGE else nullcontext()

    @contextmanager
    def take_last(self, gives_way: float = GIVES_WAY) -> Iterator[None]:
        """Take a turn when no request wants one, or after letting others go first for a while.

        Args: gives_way: seconds for which others go first.
        """
        waiting = self._ask(self._last)
        if waiting and not waiting.called.acquire(timeout=gives_way):
            with self._lock:
                if waiting in self._last:
                    self._last.remove(waiting)
                    self._waiting.append(waiting)
            waiting.called.acquire()
        try:
            yield
        finally:
            self._give_back()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Release the thread's turn, if it has one, and take it again at the end. Raises Busy."""
        depth = self._give_back(entirely=True)
        try:
            yield
        finally:
            if depth:
                waiting = self._ask()
                if waiting:
                    self._wait(waiting, self.patience)
                self._depth = depth

    def _ask(self, queue: deque[_Waiting] | None = None) -> _Waiting | None:
        """Take the turn, or a place in the queue. Raises Busy."""
        me = get_ident()
        with self._lock:
            if self._thread == me:
                self._depth += 1
                return None
            if self._thread is None:
                self._thread, self._depth = me, 1
                return None
            if queue is None:
                queue = self._waiting
                if len(queue) >= MAX_WAITING:
                    raise Busy
            waiting = _Waiting()
            queue.append(waiting)
            return waiting

    def _wait(self, waiting: _Waiting, patience: float) -> None:
        """Wait for the turn. If the wait ends otherwise, the queue is cleaned up."""
        deadline = monotonic() + patience
        try:
            is_called = waiting.called.acquire(timeout=min(patience, SHORT_PATIENCE))
            if not is_called and patience > SHORT_PATIENCE:
                with self.extra_thread():
                    left = max(deadline - monotonic(), 0.0)
                    is_called = waiting.called.acquire(timeout=left)
        except BaseException:
            if not self._leave(waiting):
                self._give_back()
            raise
        if not is_called and self._leave(waiting):
            raise Busy

    def _leave(self, waiting: _Waiting) -> bool:
        """Leave the queue; return whether the turn had not come at the last moment."""
        with self._lock:
            if waiting not in self._waiting:
                return False
            self._waiting.remove(waiting)
            return True

    def _give_back(self, *, entirely: bool = False) -> int:
        """Pass the turn to the next; return how often this thread had taken it.

        That is 0 if it was paused and could not be taken again.
        """
        with self._lock:
            if self._thread != get_ident():
                return 0
            depth = self._depth
            self._depth = 0 if entirely else depth - 1
            if not self._depth:
                queue = self._waiting or self._last
                following = queue.popleft() if queue else None
                self._thread = following.thread if following else None
                self._depth = 1 if following else 0
                if following:
                    following.called.release()
            return depth
