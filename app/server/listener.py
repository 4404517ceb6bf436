"""A listening socket, whose requests are passed to the threads that answer."""

from __future__ import annotations

import socket
import time
from functools import partial
from typing import Any

from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher

from app.server.channel import Channel
from app.server.hall import Hall
from app.server.parser import HEALTH
from app.server.watched import Watched


class Server(TcpWSGIServer):  # type: ignore[misc]
    """A listening socket."""

    channel_class = Channel
    _map: Watched

    def __init__(self, application: Any, hall: Hall, listener: socket.socket, **more: Any) -> None:
        self.hall = hall
        # They are answered while all others wait for the database, or for each other.
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

    def handle_error(self) -> None:
        """Leave an exception to `Watched`, which logs it: waitress would close the listener."""
        raise  # noqa: PLE0704 - called while it is handled

    def is_read(self, channel: Channel) -> bool:
        """Return whether the main thread will notice what a client sends next."""
        return self._map.is_read(channel)

    def maintenance(self, now: float) -> None:  # noqa: ARG002  # The signature is waitress's.
        """Check all connections; called every second or so."""
        moment = time.monotonic()
        for channel in tuple(self.hall.channels):
            self._map.shield(channel, partial(channel.check_deadlines, moment))
            self._map.look_at(channel)

    def handle_accept(self) -> None:
        """Accept a connection, if there is one; it is closed if it can't begin."""
        try:
            found = self.accept()
        except OSError:  # The client has left, or there is no descriptor for it.
            return
        if found is None:
            return
        connection, address = found
        try:
            self.set_socket_options(connection)
            self.channel_class(self, connection, self.fix_addr(address), self.adj, map=self._map)
        except BaseException as error:
            connection.close()
            if not isinstance(error, OSError):
                raise

    def set_socket_options(self, conn: socket.socket) -> None:
        """Disable Nagle's algorithm."""
        if self.family != socket.AF_UNIX:
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def getsockname(self) -> tuple[str, str]:
        """Return the host and the port; of a Unix socket the ones for a request without Host."""
        if self.family == socket.AF_UNIX:
            return "localhost", "80"
        host, port = super().getsockname()
        return str(host), str(port)

    def fix_addr(self, addr: Any) -> Any:
        """Return the address of a client; of one on a Unix socket an empty host."""
        return ("", 0) if self.family == socket.AF_UNIX else addr
