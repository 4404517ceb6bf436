"""The descriptors of a worker, watched for what each waits for: one that is idle costs nothing."""

from __future__ import annotations

import logging
import select
import selectors
from collections import deque
from collections.abc import Callable
from functools import partial
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any

from waitress import wasyncore

_log = logging.getLogger(__name__)
_FLAGS = {
    EVENT_READ: select.POLLIN,
    EVENT_WRITE: select.POLLOUT,
    EVENT_READ | EVENT_WRITE: select.POLLIN | select.POLLOUT,
}


class Watched(dict[int, Any]):
    """waitress's map of descriptors; all but `look_again` and `is_read` is for the main thread.

    wasyncore's own loop asks every connection in each round what it waits for. Here a connection is
    asked after an event of its own, when a thread says that it changed, and each second.

    A connection stays watched for reading while its request is answered. If the client sends
    meanwhile, that ends until the answer is sent; usually it doesn't, and nothing needs to change.
    """

    def __init__(self) -> None:
        super().__init__()
        self._selector = selectors.DefaultSelector()
        self._events: dict[int, int] = {}
        self._changed: deque[Any] = deque()

    def __setitem__(self, descriptor: int, one: Any) -> None:
        """Watch what is new for reading. It may not be complete enough to be asked."""
        super().__setitem__(descriptor, one)
        self._watch(descriptor, EVENT_READ)

    def __delitem__(self, descriptor: int) -> None:
        """Watch no longer what will be closed."""
        self._watch(descriptor, 0)
        super().__delitem__(descriptor)

    def is_read(self, one: Any) -> bool:
        """Return whether a connection is watched for reading."""
        return bool(self._events.get(one.descriptor, 0) & EVENT_READ)

    def look_again(self, one: Any) -> None:
        """Have the main thread ask a connection, in its next round, what it waits for."""
        self._changed.append(one)

    def look_at(self, one: Any) -> None:
        """Watch a connection for what it waits for now."""
        self.shield(one, partial(self._look_at, one))

    def shield(self, one: Any, act: Callable[[], object]) -> None:
        """Do something for a connection; an exception is logged, and closes only that connection.

        A listener, or what wakes the main thread, goes on.
        """
        try:
            act()
        except Exception:  # noqa: BLE001  # it ends no other connection
            _log.exception("a connection failed, and is closed")
            if leave := getattr(one, "leave", None):
                leave()

    def _look_at(self, one: Any) -> None:
        descriptor = one.socket.fileno() if one.socket is not None else -1
        if self.get(descriptor) is one:
            self._watch_also(descriptor, one)

    def serve(self, seconds: float) -> None:
        """Wait for events, for some seconds at most, and handle them."""
        while self._changed:
            self.look_at(self._changed.popleft())
        for key, events in self._selector.select(seconds):
            # Another event of this round may have closed it, and given its number to a new one.
            if self.get(key.fd) is key.data:
                self.shield(key.data, partial(self._handle, key.fd, key.data, events))

    def _handle(self, descriptor: int, one: Any, events: int) -> None:
        events &= _awaited_by(one)
        if events:
            wasyncore.readwrite(one, _FLAGS[events])
            if self.get(descriptor) is one:
                self._watch_also(descriptor, one)
            return
        self._watch(descriptor, _awaited_by(one))
        # A thread may have sent the answer, and have found the connection watched, just before.
        self._watch(descriptor, _awaited_by(one))

    def _watch_also(self, descriptor: int, one: Any) -> None:
        kept = self._events.get(descriptor, 0) & EVENT_READ
        self._watch(descriptor, _awaited_by(one) | kept)

    def _watch(self, descriptor: int, events: int) -> None:
        before = self._events.get(descriptor, 0)
        if events == before:
            return
        if not before:
            self._selector.register(descriptor, events, self[descriptor])
        elif events:
            self._selector.modify(descriptor, events, self[descriptor])
        else:
            self._selector.unregister(descriptor)
        self._events[descriptor] = events

    def close(self) -> None:
        """Close what watches; the descriptors stay open."""
        self._selector.close()


def _awaited_by(one: Any) -> int:
    awaited = EVENT_READ if one.readable() else 0
    return awaited | EVENT_WRITE if one.writable() and not one.accepting else awaited
