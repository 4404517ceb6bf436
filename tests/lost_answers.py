"""A TCP proxy that loses the answer to what it passed on, as a network does that breaks then."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread


class Proxy:
    """Passes bytes to a server of this machine and back.

    The answer to the next bytes that contain `fatal` is received and lost: both ends are closed.
    """

    def __init__(self, port: int) -> None:
        self.fatal: bytes | None = None
        self._server = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Accept no more connections."""
        # It ends the accept() that the thread is in.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._server)) as server:
            is_lost = False
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    data = ready.recv(65536)
                    if not data or (is_lost and ready is server):
                        return
                    if ready is client and self.fatal is not None and self.fatal in data:
                        is_lost, self.fatal = True, None
                    (server if ready is client else client).sendall(data)


@contextmanager
def losing(port: int) -> Iterator[Proxy]:
    """Provide a proxy to a port."""
    proxy = Proxy(port)
    try:
        yield proxy
    finally:
        proxy.close()
