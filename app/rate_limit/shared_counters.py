"""Counters that all processes of one server share.

They lie in anonymous memory that the workers inherit from the process that loaded the application.
A POSIX record lock lets one process count at a time; the kernel takes it back from a process that
is killed, so no process waits for a dead one.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import time
import weakref
from threading import Lock

#: Places in which a key may be kept. Each is of WAYS neighbours, so that few are looked at.
WAYS = 4
#: Keys that are counted at once; 24 bytes each, used as they come.
CAPACITY = 65_536
#: A key is known by 64 bits of its hash. 0 marks a place that was never used.
_MASK = 2**64 - 1

# POSIX's lockf, called without giving up the GIL. With `os.lockf` a thread that has got the lock of
# all processes waits for the GIL of its own next, behind the other threads: under load one hit in a
# hundred took a millisecond, and all others waited meanwhile.
_lockf = ctypes.PyDLL(None, use_errno=True).lockf
_lockf.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_long)


class SharedCounters:
    """Counters by key, each with a moment at which it ends.

    The memory is bounded. Where all places for a key are taken, the counter that has counted least
    makes room: a caller who calls much is remembered, and a new one never refused for want of room.

    Keys are hashed as Python hashes text, by a secret of the process that was forked: no caller can
    choose addresses that meet in one place, and processes that were not forked share nothing.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._groups = max(capacity // WAYS, 1)
        places = self._groups * WAYS
        # Never linked into a folder, so there is nothing to clean up, and none must be writable.
        self._file = os.memfd_create("tanbahana-limits")
        weakref.finalize(self, os.close, self._file)
        os.ftruncate(self._file, places * 24)
        memory = memoryview(mmap.mmap(self._file, places * 24))
        self._keys = memory[: places * 8].cast("Q")
        self._counts = memory[places * 8 : places * 16].cast("Q")
        #: Seconds since the epoch.
        self._ends = memory[places * 16 :].cast("d")
        self._alone = _Alone(self._file)

    def count(self, key: str, window: int, amount: int = 1) -> tuple[int, float]:
        """Count, in a window of so many seconds; a new counter's begins now.

        Returns:
            the count, and when the window ends, seconds since the epoch.

        Raises:
            OSError: the lock can't be had.
        """
        known_by, first = self._group(key)
        with self._alone:
            now = time.time()
            place = self._find(known_by, first)
            if place is None:
                place = self._make_room(first, now)
                self._counts[place] = 0
                self._keys[place] = known_by
            # A clock that was set back would keep a counter for longer than it may last.
            if not now < self._ends[place] <= now + window or not self._counts[place]:
                self._counts[place] = 0
                self._ends[place] = now + window
            count = self._counts[place] + amount
            self._counts[place] = count
            return count, self._ends[place]

    def read(self, key: str) -> tuple[int, float]:
        """Return the count, and when it ends; 0 and the present if there is none."""
        place = self._find(*self._group(key))
        now = time.time()
        if place is None or self._ends[place] <= now:
            return 0, now
        return self._counts[place], self._ends[place]

    def _group(self, key: str) -> tuple[int, int]:
        """Return what a key is known by, and the first of the places where it may be."""
        known_by = hash(key) & _MASK or 1
        return known_by, known_by % self._groups * WAYS

    def _find(self, known_by: int, first: int) -> int | None:
        keys = self._keys
        for place in range(first, first + WAYS):
            if keys[place] == known_by:
                return place
        return None

    def _make_room(self, first: int, now: float) -> int:
        """Return a place of a group: one that is free, else that of the least count."""

        def worth(place: int) -> int:
            free = not self._keys[place] or self._ends[place] <= now
            return 0 if free else self._counts[place]

        return min(range(first, first + WAYS), key=worth)


class _Alone:
    """Holds off all other threads and processes. Record locks don't hold off those of one process.

    A class, since it costs half of what a generator of contextlib does.
    """

    def __init__(self, file: int) -> None:
        self._file = file
        self._threads = Lock()

    def __enter__(self) -> None:
        self._threads.acquire()
        try:
            _lock(self._file, os.F_LOCK)
        except OSError:
            self._threads.release()
            raise

    def __exit__(self, *_exception: object) -> None:
        try:
            _lock(self._file, os.F_ULOCK)
        finally:
            self._threads.release()


def _lock(file: int, command: int) -> None:
    """Take, or give back, the lock of a file. Raises OSError."""
    while _lockf(file, command, 0):
        error = ctypes.get_errno()
        if error != errno.EINTR:
            raise OSError(error, os.strerror(error))
