"""A listening socket, whose requests are passed to the threads that answer."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from typing import Any

from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher

from app.server.channel import Channel
from app.server.hall import Hall
from app.server.watched import Watched

#: Paths with a thread of their own: they are answered while all others wait for the database, or
#: for each other.
HEALTH = "/health/live", "/health/ready"


class Server(TcpWSGIServer):  # type: ignore[misc]
    """A listening socket."""

    channel_class = Channel
    _map: Watched

    def __init__(self, application: Any, hall: Hall, listener: socket.socket, **more: Any) -> None:
        self.hall = hall
        self._health = {path: ThreadedTaskDispatcher() for path in HEALTH}
        for dispatcher in self._health.values():
            dispatcher.set_thread_count(1)
        info = listener.family, listener.type, listener.proto, listener.getsockname()
        super().__init__(application, _sock=listener, bind_socket=False, sockinfo=info, **more)

    def add_task(self, task: Channel) -> None:
        """Queue a request to be answered; health has threads of its own."""
        # A request that could not be parsed has no path.
        path = getattr(task.requests[0], "path", "") if task.requests else ""
        dispatcher: Any = self._health.get(path, self.task_dispatcher)
        dispatcher.add_task(task)

    def end_task(self) -> None:
        """Note the end of a request; called by the thread that answered it."""

    def pull_trigger(self) -> None:
        """Do nothing: waitress calls it after each answer; a connection calls `look_again`."""

    def look_again(self, channel: Channel) -> None:
        """Wake the main thread to ask a connection what it waits for."""
        self._map.look_again(channel)
        super().pull_trigger()

    def is_read(self, channel: Channel) -> bool:
        """Return whether the main thread will notice what a client sends next."""
        return self._map.is_read(channel)

    def maintenance(self, now: float) -> None:  # noqa: ARG002  # The signature is waitress's.
        """Check all connections; called every second or so."""
        moment = time.monotonic()
        for channel in tuple(self.hall.channels):
            with suppress(OSError):
                channel.check_deadlines(moment)
                self._map.look_at(channel)

    def set_socket_options(self, conn: socket.socket) -> None:
        """Disable Nagle's algorithm."""
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
