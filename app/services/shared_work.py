"""Items of one request that other workers of the server do, too.

Each worker has a box, a pair of datagram sockets that all workers inherit. A worker with many items
sends each other one an invitation: what the items need, and one end of a new connection, as a
descriptor. A worker that isn't helping already accepts, and is sent one item after the other. So
the items are spread without another process, each takes its turn in the worker that does it, and
what a worker that ended had not done is done by the one that asked.
"""

from __future__ import annotations

import json
import logging
import socket
import struct
from bisect import insort
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from threading import Condition, Thread
from typing import Any, TypeAlias

import orjson

#: Items whose results are kept until the earlier ones are done.
WINDOW = 16
#: Bytes of such results from which on nothing is begun but the item that is wanted next: one of
#: 29 KB may be answered with 5 MB.
MAX_WAITING = 8 * 1024 * 1024
#: Workers that help with one request at most.
MOST_HELPERS = 3
#: Seconds after which a connection whose other end says nothing is given up.
PATIENCE = 60.0
#: Bytes of an invitation.
_INVITATION = 4096
_ACCEPTED = b"+"
#: Bytes that follow.
_HEAD = struct.Struct("!Q")

#: Does one item, and returns its result; empty if that has to be done elsewhere.
Do: TypeAlias = Callable[[Any], bytes]

_log = logging.getLogger(__name__)


class SharedWork:
    """The boxes of one server's workers."""

    def __init__(self) -> None:
        self._boxes: list[tuple[socket.socket, socket.socket]] = []
        self._place = 0
        self._helping: Thread | None = None
        #: Returns what does the items of a request, by what the invitation says.
        self.make: Callable[[Any], Do] | None = None

    def open(self, workers: int) -> None:
        """Make the boxes, before the workers are forked. None are needed for one worker."""
        if self._boxes or workers < 2:
            return
        for _ in range(workers):
            sending, receiving = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            sending.setblocking(False)
            self._boxes.append((sending, receiving))

    def stop(self) -> None:
        """Close the boxes, and wait until this worker helps no more."""
        for box in self._boxes:
            for end in box:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        if self._helping:
            self._helping.join(PATIENCE)
        for box in self._boxes:
            for end in box:
                end.close()
        self._boxes = []

    def start(self, place: int) -> None:
        """Begin to help the others, in the worker that has this slot."""
        self._place = place
        if place < len(self._boxes):
            box = self._boxes[place][1]
            thread = Thread(target=self._help, args=(box,), name="shared work", daemon=True)
            self._helping = thread
            thread.start()

    def invite(self, terms: Any) -> list[socket.socket]:
        """Invite the other workers to a request; return our ends of the connections."""
        invitation = orjson.dumps(terms)
        others = [box for place, (box, _) in enumerate(self._boxes) if place != self._place]
        ours = []
        for box in others[:MOST_HELPERS]:
            mine, theirs = socket.socketpair()
            with theirs:
                try:
                    socket.send_fds(box, [invitation], [theirs.fileno()])
                    ours.append(mine)
                except OSError:  # The box is full: that worker is busy, or there is none.
                    mine.close()
        return ours

    def _help(self, box: socket.socket) -> None:
        while True:
            try:
                invitation, given, _, _ = socket.recv_fds(box, _INVITATION, 1)
            except OSError:
                return  # The box was closed.
            if not invitation:
                return
            for descriptor in given:
                with socket.socket(fileno=descriptor) as connection:
                    self._serve_if_possible(connection, invitation)

    def _serve_if_possible(self, connection: socket.socket, invitation: bytes) -> None:
        """Help one request; it does by itself what is not done, and this worker helps others."""
        try:
            self._serve(connection, orjson.loads(invitation))
        except OSError:
            pass  # The other worker has left.
        except Exception as error:  # noqa: BLE001 - the next request may be helped
            # For instance, the database is away when the trust anchors are to be read.
            _log.warning("another worker is not helped: %s", type(error).__name__)

    def _serve(self, connection: socket.socket, terms: Any) -> None:
        """Do the items that come by a connection, until it ends. Raises OSError."""
        if self.make is None:
            return
        do = self.make(terms)
        connection.settimeout(PATIENCE)
        connection.sendall(_ACCEPTED)
        while True:
            try:
                item = _receive(connection)
            except EOFError:
                return
            _send(connection, do(json.loads(item)))


class Spread:
    """The items of one request, and their results in order.

    The thread that asks for the results does items, too, while it waits for one.
    """

    def __init__(self, items: Sequence[Any], helpers: Sequence[socket.socket]) -> None:
        self._items = items
        self._helpers = helpers
        self._changed = Condition()
        self._pending = deque(range(len(items)))
        self._done: dict[int, bytes] = {}
        #: Bytes of these.
        self._waiting = 0
        #: The item whose result is wanted next.
        self._wanted = 0
        self._is_alone = False

    def go_alone(self) -> None:
        """Send no more items to others."""
        with self._changed:
            self._is_alone = True
            self._changed.notify_all()

    def results(self, do: Do) -> Generator[bytes]:
        """Return the result of each item; `do` is what this process does an item by."""
        threads = [
            Thread(target=self._feed, args=(helper,), name="shared work", daemon=True)
            for helper in self._helpers
        ]
        try:
            for thread in threads:
                thread.start()
            for index in range(len(self._items)):
                yield self._result(index, do)
        finally:
            self.go_alone()
            for helper in self._helpers:
                with suppress(OSError):
                    helper.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()
            for helper in self._helpers:
                helper.close()

    def _result(self, index: int, do: Do) -> bytes:
        while True:
            with self._changed:
                if index in self._done:
                    result = self._done.pop(index)
                    self._wanted = index + 1
                    self._waiting -= len(result)
                    self._changed.notify_all()
                    return result
                taken = self._take()
                if taken is None:
                    self._changed.wait()
                    continue
            self._put(taken, do(self._items[taken]))

    def _take(self) -> int | None:
        """Return the next item, None if none may be done now. With `_changed` held."""
        end = self._wanted + (WINDOW if self._waiting < MAX_WAITING else 1)
        if self._pending and self._pending[0] < end:
            return self._pending.popleft()
        return None

    def _put(self, index: int, result: bytes) -> None:
        with self._changed:
            self._done[index] = result
            self._waiting += len(result)
            self._changed.notify_all()

    def _take_for_helper(self) -> int | None:
        """Return the next item, as soon as one may be done; None if this process goes alone."""
        with self._changed:
            while not self._is_alone:
                taken = self._take()
                if taken is not None:
                    return taken
                self._changed.wait()
        return None

    def _feed(self, helper: socket.socket) -> None:
        """Send items to another worker; one that it doesn't do is done here."""
        index = None
        try:
            if helper.recv(1) != _ACCEPTED:
                return
            helper.settimeout(PATIENCE)
            while (index := self._take_for_helper()) is not None:
                # Not orjson, which refuses what is no Unicode: that is for who reads the item.
                _send(helper, json.dumps(self._items[index]).encode())
                result = _receive(helper)
                if not result:
                    return
                self._put(index, result)
        except (OSError, EOFError) as error:
            _log.debug("a worker stopped helping: %s", type(error).__name__)
        finally:
            if index is not None:
                self._give_back(index)

    def _give_back(self, index: int) -> None:
        with self._changed:
            if index not in self._done and index >= self._wanted:
                insort(self._pending, index)
            self._changed.notify_all()


def _send(connection: socket.socket, data: bytes) -> None:
    connection.sendall(_HEAD.pack(len(data)))
    connection.sendall(data)


def _receive(connection: socket.socket) -> bytes:
    """Return the data that were sent. Raises EOFError, OSError."""
    (length,) = _HEAD.unpack(_receive_all(connection, _HEAD.size))
    return _receive_all(connection, length)


def _receive_all(connection: socket.socket, length: int) -> bytes:
    data = bytearray(length)
    rest = memoryview(data)
    while rest:
        size = connection.recv_into(rest)
        if not size:
            raise EOFError
        rest = rest[size:]
    return bytes(data)
