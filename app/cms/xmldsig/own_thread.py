"""A separate thread for each document: its memory is freed with it, and its CPU time is limited.

lxml keeps one dictionary for each thread, in which libxml2 stores the names of all elements and
attributes that it has read there. Nothing is removed until the thread ends, and once the dictionary
is full, every document with new names is refused. The dictionary of a separate thread is freed when
that thread ends; starting a thread takes less than 0.1 ms.

The waiting thread enforces the limit from outside, so that no document can evade it. An exception
interrupts only Python code: a single long call into libxml2 is bounded before it begins (see
`canonicalization`, `inheritance` and `measures`). It interrupts only code of this package, or of
the one that the work comes from: other code, such as a tool that traces calls, may hold a lock,
which would then never be released.
"""

import ctypes
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from threading import Lock, get_ident, local
from typing import Generic, TypeVar

Result = TypeVar("Result")

#: Seconds of CPU for reading a document, and for verifying it.
MAX_SECONDS = 2.0
# Seconds until a thread is interrupted again, in case something swallowed the exception.
_AGAIN = 0.5
# Seconds between two looks at a thread's clock, at least.
_SHORTEST = 0.01
# Seconds between two looks at a thread that is late in code of another package, and the looks after
# which it is interrupted there.
_SOON = 0.001
_LOOKS = 50

# Turns of a loop, each of which lets an interruption arrive.
_CHECKS = 10

_interrupt = ctypes.pythonapi.PyThreadState_SetAsyncExc
_interrupt.argtypes = (ctypes.c_ulong, ctypes.py_object)


class TooMuchWork(BaseException):
    """The work took more CPU time than it may.

    It is no Exception, so that no handler in between takes it for a damaged document.
    """


class _Elsewhere(local):
    """CPU nanoseconds that other threads spent for this one."""

    nanoseconds = 0


_elsewhere = _Elsewhere()


def cpu_time_ns() -> int:
    """Return the CPU time of the calling thread and of those that it started by `in_own_thread`.

    With it that of processes which the thread started, as `add_cpu_time_ns` was told.
    """
    return time.thread_time_ns() + _elsewhere.nanoseconds


def add_cpu_time_ns(nanoseconds: int) -> None:
    """Add CPU time that another process spent for the calling thread."""
    _elsewhere.nanoseconds += nanoseconds


def in_own_thread(work: Callable[[], Result], seconds: float | None = None) -> Result:
    """Call a function in a separate thread, and return its result or raise its exception.

    Raises TooMuchWork if it takes more CPU time than `seconds`, by default MAX_SECONDS. The
    function may be interrupted anywhere: it must hold no lock, and what outlives it must be right
    after each of its changes.

    If no thread can be started, the calling thread does the work, without a limit.
    """
    errand = _Errand(work, MAX_SECONDS if seconds is None else seconds)
    with ThreadPoolExecutor(1, "xml") as pool:
        try:
            outcome = pool.submit(errand.run)
        except RuntimeError:
            return work()
        try:
            errand.watch(outcome)
            return outcome.result()
        except BaseException:
            errand.give_up(outcome)
            raise
        finally:
            # The traceback of an exception refers to this frame, which must not refer to it.
            del outcome
            _elsewhere.nanoseconds += errand.spent


class _Errand(Generic[Result]):
    """Work that one thread does and another watches; `spent` is CPU nanoseconds, at the end."""

    def __init__(self, work: Callable[[], Result], seconds: float) -> None:
        self.spent = 0
        self._work = work
        #: The names of the packages whose code may be interrupted.
        self._packages = {name.partition(".")[0] for name in (__name__, work.__module__)}
        self._seconds = seconds
        self._late_looks = 0
        #: The thread, and the clock of its CPU time, while it may be interrupted. The lock is only
        #: for these, and is held for no longer than that takes.
        self._lock = Lock()
        self._thread = 0
        self._clock = 0

    def run(self) -> Result:
        """Do the work, as the thread."""
        self._clock = time.pthread_getcpuclockid(get_ident())
        self._thread = get_ident()
        try:
            return self._work()
        finally:
            is_over = False
            while not is_over:  # An interruption that comes now changes nothing.
                try:
                    self._end()
                    is_over = True
                except TooMuchWork:
                    continue

    def _end(self) -> None:
        """End the time in which it may be interrupted, and let an interruption on its way arrive.

        To take one back by `_interrupt` would leave CPython 3.11 looking for it at every check, for
        ever, and in an endless loop where calls are traced.
        """
        with self._lock:
            self._thread = 0
        for _ in range(_CHECKS):
            pass
        self.spent = cpu_time_ns()

    def watch(self, outcome: Future[Result]) -> None:
        """Wait until the work is done. Raises TooMuchWork if it was interrupted."""
        pause = self._seconds
        # An interruption that arrives late may keep `outcome` from ever being set.
        while not (self._late_looks and self.spent):
            try:
                outcome.exception(pause)
            except TimeoutError:  # Of the wait: what the work raised is returned.
                pause = self._look()
            else:
                break
        if self._late_looks:
            raise TooMuchWork

    def give_up(self, outcome: Future[Result]) -> None:
        """Interrupt work whose result is not waited for any more, and wait until it ends."""
        self._seconds = 0.0
        with suppress(TooMuchWork):
            self.watch(outcome)

    def _look(self) -> float:
        """Interrupt the thread if no CPU time is left. Return the seconds until the next look.

        Nothing here calls Python code while it holds the lock: where calls are traced, CPython 3.11
        makes no such call while an interruption waits for a thread, which may wait for the lock.
        """
        with self._lock:
            if not self._thread:  # It has not begun, or has ended.
                return max(self._seconds, _SHORTEST)
            left = self._seconds - time.clock_gettime(self._clock)
            if left > 0:
                return max(left, _SHORTEST)
            self._late_looks += 1
            # The function is for debuggers, and the only one that tells what another thread runs.
            frame = sys._current_frames()[self._thread]  # noqa: SLF001
            name = frame.f_globals.get("__name__", "")
            if name.partition(".")[0] not in self._packages and self._late_looks % _LOOKS:
                return _SOON
            _interrupt(self._thread, TooMuchWork)
            return _AGAIN
