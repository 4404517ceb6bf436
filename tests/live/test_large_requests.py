"""Large requests are answered one after the other, and small ones meanwhile."""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack
from http.client import HTTPResponse
from pathlib import Path

import requests

from app.server.dispatcher import LARGE
from tests.live.conftest import StartServer

BODY = json.dumps({"cms": "x" * LARGE}).encode()
HEAD = f"POST /cms/extract HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(BODY)}\r\n".encode()
HEAD += b"Content-Type: application/json\r\n\r\n"
CLIENTS = 6


def answer(one: socket.socket) -> int:
    """Read an answer; return its status."""
    response = HTTPResponse(one)
    response.begin()
    response.read()
    return response.status


def test_all_large_requests_are_answered(start_server: StartServer, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.sqlite3'}"
    server = start_server(url, WEB_CONCURRENCY="1", WEB_THREADS="2")
    with ExitStack() as stack:
        large = []
        for _ in range(CLIENTS):
            one = socket.create_connection(("127.0.0.1", server.port), timeout=60)
            large.append(stack.enter_context(one))
        for _ in range(2):  # Twice on one connection.
            for one in large:
                one.sendall(HEAD + BODY)
            assert requests.get(server.address + "/health/live", timeout=30).status_code == 200
            assert [answer(one) for one in large] == [400] * CLIENTS
    assert "Traceback" not in server.log
