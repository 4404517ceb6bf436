"""Counters that all processes of one server share.

They are in anonymous memory that the workers inherit from the process that loaded the application.
A POSIX record lock lets one process count at a time; the kernel releases it when a process is
killed, so no process waits for a dead one.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import time
import weakref
from threading import Lock

#: Slots for keys. A key may be in any of WAYS neighbours, so that few are searched.
WAYS = 4
#: Keys that are counted at once; 24 bytes each, used on demand.
CAPACITY = 65_536
#: A key is identified by 64 bits of its hash. 0 marks a slot that was never used.
_MASK = 2**64 - 1

# POSIX's lockf, called without giving up the GIL. With `os.lockf` a thread that has got the lock
# has to wait for its own GIL next, after the other threads: under load one hit in a hundred took a
# millisecond, while all other processes waited.
_lockf = ctypes.PyDLL(None, use_errno=True).lockf
_lockf.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_long)


class SharedCounters:
    """Counters by key, each with an expiry time.

    The memory is bounded. If all slots for a key are taken, the lowest counter makes room: a
    frequent caller is remembered, and a new one never refused for lack of room.

    Keys are hashed by Python's hash of text, with a secret of the parent process: no caller can
    choose addresses that collide, and only forked processes share counters.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._groups = max(capacity // WAYS, 1)
        places = self._groups * WAYS
        # An unnamed file, so there is nothing to clean up, and no folder has to be writable.
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
        """Count in a window of `window` seconds; that of a new counter begins now.

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
            # A clock that was set back would keep a counter beyond its window.
            if not now < self._ends[place] <= now + window or not self._counts[place]:
                self._counts[place] = 0
                self._ends[place] = now + window
            count = self._counts[place] + amount
            self._counts[place] = count
            return count, self._ends[place]

    def read(self, key: str) -> tuple[int, float]:
        """Return the count, and when it ends; 0 and the current time if there is none."""
        place = self._find(*self._group(key))
        now = time.time()
        if place is None or self._ends[place] <= now:
            return 0, now
        return self._counts[place], self._ends[place]

    def _group(self, key: str) -> tuple[int, int]:
        """Return the identifier of a key, and the first of its possible slots."""
        known_by = hash(key) & _MASK or 1
        return known_by, known_by % self._groups * WAYS

    def _find(self, known_by: int, first: int) -> int | None:
        keys = self._keys
        for place in range(first, first + WAYS):
            if keys[place] == known_by:
                return place
        return None

    def _make_room(self, first: int, now: float) -> int:
        """Return a slot of a group: a free one, else that of the lowest count."""

        def worth(place: int) -> int:
            free = not self._keys[place] or self._ends[place] <= now
            return 0 if free else self._counts[place]

        return min(range(first, first + WAYS), key=worth)


class _Alone:
    """Locks out all other threads and processes. Record locks alone don't exclude threads.

    A class, since it costs half as much as a contextlib generator.
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
    """Acquire, or release, the lock of a file. Raises OSError."""
    while _lockf(file, command, 0):
        error = ctypes.get_errno()
        if error != errno.EINTR:
            raise OSError(error, os.strerror(error))
