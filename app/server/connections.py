"""How many connections each worker has, in memory that all workers of a server share."""

from __future__ import annotations

import mmap
import struct

#: Places of workers: twice the most that WEB_CONCURRENCY allows, since the old ones still end when
#: a reload begins the new ones. Those of places beyond take no part.
PLACES = 128

_COUNT = struct.Struct("=q")
_GONE = -1


class Connections:
    """A count for each worker, to be made before they are forked.

    Each writes its own alone, so that nothing needs a lock; one that is a moment old does no harm.
    """

    def __init__(self) -> None:
        self._counts = mmap.mmap(-1, PLACES * _COUNT.size)
        for place in range(PLACES):
            self.tell(place, None)

    def tell(self, place: int, count: int | None) -> None:
        """Note how much the worker of a place has to do; None: it takes no connections."""
        if place < PLACES:
            _COUNT.pack_into(self._counts, place * _COUNT.size, _GONE if count is None else count)

    def is_turn_of(self, place: int) -> bool:
        """Return whether no other worker has less to do."""
        if place >= PLACES:
            return True
        counts = [count for (count,) in _COUNT.iter_unpack(self._counts)]
        return not any(_GONE < count < counts[place] for count in counts)


#: Those of the server that this process belongs to.
CONNECTIONS = Connections()
