"""Deferred counting: requests queue what is to be counted, and one thread counts it.

The library locks all metrics of a process for each step. With four threads, each waits for the lock
and then for the GIL, after the others: that cost a third of the throughput. Queueing waits for no
other thread, and costs a microsecond.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from threading import Lock, Thread
from typing import Any

from app.observability import worker_slots

#: Seconds between two runs; metrics of other processes may be this old.
DELAY = 0.2

_left: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
#: Functions called in each run, such as one that counts the connections in use.
_registered: list[Callable[[], None]] = []


class _Writer:
    """The thread of this process: a forked process has none yet."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Start afresh in a forked process, where a thread that is gone may hold the lock."""
        self.lock = Lock()
        self.process: int | None = None

    def start(self) -> None:
        """Start the thread, once in each process."""
        with self.lock:
            if self.process != os.getpid():
                self.process = os.getpid()
                Thread(target=_write_on, name="counting", daemon=True).start()


_writer = _Writer()


def count_later(count: Callable[..., None], *what: Any) -> None:
    """Call a function that counts, later if metrics are shared with other processes."""
    if worker_slots.shared_folder() is None:
        count(*what)
        return
    _left.append((count, what))
    if _writer.process != os.getpid():
        _writer.start()


def register(look: Callable[[], None]) -> None:
    """Register a function to be called in each run."""
    _registered.append(look)


def write_down() -> None:
    """Count what is queued, and call the registered functions."""
    while _left:
        try:
            count, what = _left.popleft()
        except IndexError:  # another thread was faster
            break
        count(*what)
    for look in _registered:
        look()


def _write_on() -> None:
    while True:
        time.sleep(DELAY)
        write_down()


def _forget() -> None:
    """Leave what is queued to the parent process."""
    _left.clear()
    _writer.renew()


os.register_at_fork(after_in_child=_forget)
