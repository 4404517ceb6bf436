"""How far a replica must have come to answer reads: shared by all processes of one server.

Positions are those of PostgreSQL's write-ahead log (WAL), moments those of the monotonic clock,
which is the same for all processes of a machine. A position that the primary told after a write was
acknowledged covers that write: a replica that has replayed up to it shows what was written.
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

#: Seconds for which a position counts. What others wrote, by other servers or by commands, is
#: missed for no longer.
COUNTS = 1.0
_WRITTEN, _TOLD = 0, 1


class Floor:
    """The newest position of the primary, and when it was last written to by this server."""

    def __init__(self) -> None:
        # Never linked into a folder, and inherited by the workers.
        self._file = os.memfd_create("tanbahana-floor")
        weakref.finalize(self, os.close, self._file)
        os.ftruncate(self._file, 24)
        memory = memoryview(mmap.mmap(self._file, 24))
        self._moments = memory[:16].cast("d")
        self._position = memory[16:].cast("Q")
        self._threads = Lock()

    def note_write(self) -> None:
        """Note, before it is acknowledged, that something may have been written."""
        with self._alone():
            self._moments[_WRITTEN] = time.monotonic()

    def note_position(self, position: int, asked_at: float) -> None:
        """Note a position that the primary told.

        Args:
            position: of its WAL.
            asked_at: a moment before it was asked.
        """
        with self._alone():
            if asked_at <= self._moments[_TOLD]:
                return
            # Who reads in between, without a lock, finds no position at all.
            self._moments[_TOLD] = 0.0
            self._position[0] = position
            self._moments[_TOLD] = asked_at

    def find(self) -> int | None:
        """Return the position that a replica must have replayed; None if it is not known."""
        told_at = self._moments[_TOLD]
        position = self._position[0]
        if told_at != self._moments[_TOLD] or told_at <= self._moments[_WRITTEN]:
            return None
        return position if time.monotonic() - told_at <= COUNTS else None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold off other threads, and by a record lock, which the kernel frees, other processes."""
        with self._threads:
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)
