"""A server on this machine that answers as a test wants, and remembers what it was asked."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from app.destinations import Destinations

#: Lets the servers of these tests be asked.
HERE = Destinations(["127.0.0.0/8"])


@dataclass
class Answer:
    """What a path answers; `make` gives the body for that of the question."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    make: Callable[[bytes], bytes] | None = None


@dataclass
class Site:
    """The server: answers by their paths, and requests in the order in which they came."""

    address: str
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def url(self, path: str) -> str:
        return self.address + path

    def serve(self, path: str, body: bytes = b"", status: int = 200, **more: Any) -> str:
        """Answer at a path from now on, and return its address."""
        self.answers[path] = Answer(body, status, **more)
        return self.url(path)


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Log nothing about clients that have left."""


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    """Run such a server on a free port of the loopback address, over HTTPS if `tls` is given."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            size = int(self.headers.get("Content-Length", 0))
            question = self.rfile.read(size)
            site.asked.append(f"{self.command} {self.path}")
            site.headers.append(dict(self.headers))
            answer = site.answers.get(self.path, Answer(status=404))
            body = answer.make(question) if answer.make else answer.body
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815  # The same

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    with _Server(("127.0.0.1", 0), Handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        scheme = "https" if tls else "http"
        site = Site(f"{scheme}://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()
