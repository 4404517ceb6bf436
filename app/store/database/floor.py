"""The position that a replica must have replayed to answer reads: shared by a server's processes.

Positions are those of PostgreSQL's write-ahead log (WAL), times those of the monotonic clock, which
is the same for all processes of a machine. A position that the primary reported after a write was
acknowledged covers that write: a replica that has replayed up to it shows the written data.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

#: Seconds for which a position is used. Writes by other servers or by commands are missed for no
#: longer.
COUNTS = 1.0
_WRITTEN, _REPORTED = 0, 1


class Floor:
    """The newest position of the primary, and when this server last wrote to it."""

    def __init__(self) -> None:
        # An unnamed file, inherited by the workers.
        self._file = os.memfd_create("tanbahana-floor")
        weakref.finalize(self, os.close, self._file)
        os.ftruncate(self._file, 24)
        memory = memoryview(mmap.mmap(self._file, 24))
        self._times = memory[:16].cast("d")
        self._position = memory[16:].cast("Q")
        self._threads = Lock()

    def note_write(self) -> None:
        """Record that something may have been written, before that is acknowledged."""
        with self._alone():
            self._times[_WRITTEN] = time.monotonic()

    def note_position(self, position: int, asked_at: float) -> None:
        """Record a position that the primary reported.

        Args:
            position: of its WAL.
            asked_at: a time before the query.
        """
        with self._alone():
            if asked_at <= self._times[_REPORTED]:
                return
            # A reader without a lock finds no position in between.
            self._times[_REPORTED] = 0.0
            self._position[0] = position
            self._times[_REPORTED] = asked_at

    def find(self) -> int | None:
        """Return the position that a replica must have replayed; None if unknown."""
        reported_at = self._times[_REPORTED]
        position = self._position[0]
        if reported_at != self._times[_REPORTED] or reported_at <= self._times[_WRITTEN]:
            return None
        return position if time.monotonic() - reported_at <= COUNTS else None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Lock out other threads, and by a record lock, which the kernel frees, other processes."""
        with self._threads:
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)
