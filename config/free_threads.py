"""Which workers have a thread to spare, in memory that all workers of a server share."""

from __future__ import annotations

import mmap

#: Places of workers: twice the most that WEB_CONCURRENCY allows, since the old ones still end when
#: a reload begins the new ones. Those of places beyond say nothing.
PLACES = 128


class FreeThreads:
    """A byte for each worker, to be made before they are forked.

    Each writes its own alone, so nobody needs a lock; one that is a moment old does little harm.
    """

    def __init__(self) -> None:
        self._bytes = mmap.mmap(-1, PLACES)

    def tell(self, place: int, *, free: bool) -> None:
        """Say whether the worker of a place has a thread to spare."""
        if place < PLACES:
            self._bytes[place] = free

    def are_there(self) -> bool:
        """Tell whether any worker has one."""
        return self._bytes.find(b"\1", 0) >= 0


#: Those of the server that this process belongs to.
FREE_THREADS = FreeThreads()
