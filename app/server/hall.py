"""State shared by all connections of a worker."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.server.adjustments import ANSWER_IN_MEMORY, IN_MEMORY
from app.server.client_limits import Limits

if TYPE_CHECKING:
    from app.server.channel import Channel

#: Bytes that are kept in files for all clients of a worker, bodies and answers.
MAX_SPOOLED = 1024 * 1024 * 1024
#: Seconds for which that count is believed.
_COUNTED_FOR = 0.02
#: Bytes of those up to which an answer of a usual list stays in memory.
MAX_HELD = 32 * 1024 * 1024


@dataclass
class Hall:
    """State shared by all connections of a worker."""

    limits: Limits
    log: Any
    cors_headers: Mapping[str, str]
    #: Whether the application writes refusals.
    answers_refusals: bool = False
    #: Whether the worker is stopping, and how many requests were answered.
    is_closing: bool = False
    requests: int = 0
    channels: set[Channel] = field(default_factory=set)
    #: Threads that wait for their clients.
    waiting: int = 0
    #: Connections from which on another one is closed for each new one.
    most_channels: int = 1_000_000
    _counted: int = 0
    _counted_at: float = 0.0

    def count_request(self) -> bool:
        """Count a request; return whether its connection is to be closed afterwards."""
        self.requests += 1
        return self.is_closing

    def admit(self, channel: Channel) -> None:
        """Count a connection; if there are too many, the one silent for longest is closed.

        That is so for those of one address, and for all of a worker. Behind a proxy all have one
        address, so there is no such limit if a proxy is declared.
        """
        self.channels.add(channel)
        limit = self.limits.connections
        if limit is not None and len(self.channels) > limit:
            others = [one for one in self.channels if one.addr[0] == channel.addr[0]]
            if len(others) > limit:
                _close_one(others, channel)
        if len(self.channels) >= self.most_channels:
            _close_one(self.channels, channel)

    def has_room(self, more: int = 0) -> bool:
        """Return whether the buffered bodies and answers leave room for more.

        They are counted anew after some milliseconds, and until then `more`, bytes that were
        received since, is added: a client may send single bytes.
        """
        now = time.monotonic()
        if now >= self._counted_at + _COUNTED_FOR:
            self._counted_at, self._counted = now, self._spooled()
        self._counted += more
        return self._counted < MAX_SPOOLED

    def answer_in_memory(self) -> int:
        """Return how many bytes of an answer stay in memory; what is more goes to a file.

        Creating, writing and reading a file takes longer than all else that a list costs.
        """
        return ANSWER_IN_MEMORY if self._spooled() < MAX_HELD else IN_MEMORY

    def _spooled(self) -> int:
        return sum(channel.spooled for channel in tuple(self.channels))


def _close_one(channels: Iterable[Channel], new: Channel) -> None:
    """Close the connection that was silent for longest; the new one if all others are at work."""
    idle = [one for one in channels if not one.requests and one is not new]
    min(idle or [new], key=lambda one: one.last_activity).leave()
