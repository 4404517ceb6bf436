"""Threads that work in the background for as long as the process does.

They end before the interpreter does: one that still runs then finds what it uses taken apart.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

_ENDING: Final = threading.Event()
_THREADS: Final[list[threading.Thread]] = []


def start(name: str, work: Callable[[], None]) -> threading.Thread:
    """Start a thread that works until `pause` returns False, or until the process ends."""
    thread = threading.Thread(target=work, name=name, daemon=True)
    _THREADS.append(thread)
    thread.start()
    return thread


def pause(seconds: float) -> bool:
    """Wait; return whether to go on. The wait is cut short when the process is to end."""
    return not _ENDING.wait(seconds)


def is_ending() -> bool:
    """Return whether the process is to end: then no more work is begun."""
    return _ENDING.is_set()


def end(seconds: float) -> None:
    """Let the threads end, and wait for them, for so many seconds at most."""
    _ENDING.set()
    deadline = time.monotonic() + seconds
    for thread in _THREADS:
        thread.join(max(0.0, deadline - time.monotonic()))
