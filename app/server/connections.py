"""The number of connections of each worker, in memory that all workers of a server share."""

from __future__ import annotations

import mmap
import struct

#: Slots of workers: twice the maximum of WEB_CONCURRENCY, since old workers are still ending when a
#: reload starts new ones. Workers in slots beyond this take no part.
PLACES = 128

_COUNT = struct.Struct("=q")
_GONE = -1


class Connections:
    """A count for each worker, created before they are forked.

    Each worker writes only its own, so no lock is needed; a slightly old count does no harm.
    """

    def __init__(self) -> None:
        self._counts = mmap.mmap(-1, PLACES * _COUNT.size)
        for place in range(PLACES):
            self.set_load(place, None)

    def set_load(self, place: int, count: int | None) -> None:
        """Set the load of the worker in a slot; None: it accepts no connections."""
        if place < PLACES:
            _COUNT.pack_into(self._counts, place * _COUNT.size, _GONE if count is None else count)

    def is_turn_of(self, place: int) -> bool:
        """Return whether no other worker has a lower load."""
        if place >= PLACES:
            return True
        counts = [count for (count,) in _COUNT.iter_unpack(self._counts)]
        return not any(_GONE < count < counts[place] for count in counts)


#: The counts of this process's server.
CONNECTIONS = Connections()
