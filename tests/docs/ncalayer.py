"""A stand-in for NCALayer: pages and a WebSocket (RFC 6455) on one port of 127.0.0.1."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import unquote

_MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 1.3


class StandIn:
    """What is served, and what a page asked for."""

    def __init__(self, page: str, answer: Mapping[str, Any]) -> None:
        self.page = page
        self.answer = answer
        self.asked: list[dict[str, Any]] = []
        self.address = ""
        #: The result that the page sends by GET /told/….
        self.reported = ""
        self.is_told = Event()


@contextmanager
def serving(page: str, answer: Mapping[str, Any]) -> Iterator[StandIn]:
    """Serve a page at /, and answer each request to sign with `answer`."""
    stand_in = StandIn(page, answer)

    class Handler(_Handler):
        state = stand_in

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    stand_in.address = f"127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: StandIn

    def do_GET(self) -> None:
        if self.headers.get("Upgrade", "").lower() == "websocket":
            self._talk()
            return
        if self.path.startswith("/told/"):
            self.state.reported = unquote(self.path.removeprefix("/told/"))
            self.state.is_told.set()
        body = self.state.page.encode() if self.path == "/" else b""
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""

    def _talk(self) -> None:
        key = self.headers["Sec-WebSocket-Key"] + _MAGIC
        accept = base64.b64encode(hashlib.sha1(key.encode(), usedforsecurity=False).digest())
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept.decode())
        self.end_headers()
        self._send({"result": {"version": "1.4"}})
        self.state.asked.append(json.loads(self._receive()))
        self._send(self.state.answer)
        self.close_connection = True

    def _send(self, message: Mapping[str, Any]) -> None:
        data = json.dumps(message).encode()
        self.wfile.write(b"\x81" + _length(len(data)) + data)
        self.wfile.flush()

    def _receive(self) -> bytes:
        """Return the payload of a frame, which clients mask (RFC 6455 5.2)."""
        size = self.rfile.read(2)[1] & 127
        if size == 126:
            size = int.from_bytes(self.rfile.read(2))
        mask = self.rfile.read(4)
        masked = self.rfile.read(size)
        return bytes(byte ^ mask[place % 4] for place, byte in enumerate(masked))


def _length(size: int) -> bytes:
    return bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2)
