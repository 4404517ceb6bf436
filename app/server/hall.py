"""State shared by all connections of a worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.server.adjustments import ANSWER_IN_MEMORY, IN_MEMORY
from app.server.client_limits import Limits

if TYPE_CHECKING:
    from app.server.channel import Channel

#: Bytes that are kept in files for all clients of a worker, bodies and answers.
MAX_SPOOLED = 1024 * 1024 * 1024
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

    def count_request(self) -> bool:
        """Count a request; return whether its connection is to be closed afterwards."""
        self.requests += 1
        return self.is_closing

    def admit(self, channel: Channel) -> None:
        """Count a connection; if its address has too many, the one silent for longest is closed.

        Behind a proxy all have one address, so there is no such limit if a proxy is declared.
        """
        self.channels.add(channel)
        limit = self.limits.connections
        if limit is None or len(self.channels) <= limit:
            return
        others = [
            one for one in self.channels if one.addr[0] == channel.addr[0] and not one.will_close
        ]
        if len(others) > limit:
            idle = [one for one in others if not one.requests and one is not channel]
            longest = min(idle or [channel], key=lambda one: one.last_activity)
            longest.will_close = True
            longest.look_again()

    def has_room(self) -> bool:
        """Return whether the buffered bodies and answers leave room for more."""
        return self._spooled() < MAX_SPOOLED

    def answer_in_memory(self) -> int:
        """Return how many bytes of an answer stay in memory; what is more goes to a file.

        Creating, writing and reading a file takes longer than all else that a list costs.
        """
        return ANSWER_IN_MEMORY if self._spooled() < MAX_HELD else IN_MEMORY

    def _spooled(self) -> int:
        return sum(channel.spooled for channel in tuple(self.channels))
