"""Counting is put off: requests leave what is to be counted, and one thread writes it down.

The library locks all counters of a process for each step. Where four threads answer requests, each
waits for the lock and then for the interpreter again, behind the others: a third of the throughput
went that way. What is left here waits for no other, and costs a microsecond.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from threading import Lock, Thread
from typing import Any

from app.observability import worker_slots

#: Seconds after which what was left is written down; so old may be what another process tells.
DELAY = 0.2

_left: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
#: What is looked at each time, such as how many connections are in use.
_looked_at: list[Callable[[], None]] = []


class _Writer:
    """The thread of this process: one that was forked has none yet."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Begin anew, in a process where the lock may be held by a thread that isn't there."""
        self.lock = Lock()
        self.process: int | None = None

    def start(self) -> None:
        """Start it, once in each process."""
        with self.lock:
            if self.process != os.getpid():
                self.process = os.getpid()
                Thread(target=_write_on, name="counting", daemon=True).start()


_writer = _Writer()


def count_later(count: Callable[..., None], *what: Any) -> None:
    """Call a function that counts, later if this process counts together with others."""
    if worker_slots.shared_folder() is None:
        count(*what)
        return
    _left.append((count, what))
    if _writer.process != os.getpid():
        _writer.start()


def look_at(look: Callable[[], None]) -> None:
    """Call a function whenever what was left is written down."""
    _looked_at.append(look)


def write_down() -> None:
    """Count what was left, and look at what is to be looked at."""
    while _left:
        try:
            count, what = _left.popleft()
        except IndexError:  # another thread was faster
            break
        count(*what)
    for look in _looked_at:
        look()


def _write_on() -> None:
    while True:
        time.sleep(DELAY)
        write_down()


def _forget() -> None:
    """Leave to the process that was forked from what it is to count."""
    _left.clear()
    _writer.renew()


os.register_at_fork(after_in_child=_forget)
