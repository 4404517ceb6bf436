"""A bound for the size of files, instead of a full disk: both refuse to write more."""

from __future__ import annotations

import gc
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def small_files(room: int) -> Iterator[None]:
    """Have all writes beyond `room` bytes of a file fail (EFBIG) in this process meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    gc.collect()
    gc.disable()  # It would close what is forgotten, some time.
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        gc.enable()


def unnamed_files() -> int:
    """Return how many files of this process have no name: temporary ones, and those in memory.

    Databases that a test has removed are not counted.
    """
    links = (os.path.realpath(f"/proc/self/fd/{one}") for one in os.listdir("/proc/self/fd"))
    return sum("(deleted)" in link and ".sqlite3" not in link for link in links)
