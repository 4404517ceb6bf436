"""Requests that come before earlier ones were answered (RFC 9112 section 9.3.2): one at a time."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.live.client import Client
from tests.live.conftest import StartServer
from tests.live.server import CODE, PATIENCE, Server, wait_until

pytestmark = pytest.mark.attacks

LIVE = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
#: Characters of a text that is stored as it comes: more than the system's buffers take.
LARGE = 20_000_000


@pytest.fixture(name="server")
def small_server(start_server: StartServer, tmp_path: Path) -> Server:
    """Start a server of one worker, one thread of which may take large requests."""
    url = f"sqlite:///{tmp_path / 'store.sqlite3'}"
    settings = {"WEB_CONCURRENCY": "1", "WEB_THREADS": "4", "CMS_VALIDATION": "off"}
    return start_server(url, **settings)


def connect(stack: ExitStack, server: Server) -> socket.socket:
    return stack.enter_context(
        socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
    )


def read_until(connection: socket.socket, is_enough: Callable[[bytes], bool]) -> bytes:
    found = b""
    while not is_enough(found):
        piece = connection.recv(65_536)
        assert piece, found[-1000:]
        found += piece
    return found


def test_all_are_answered_in_their_order(server: Server) -> None:
    with ExitStack() as stack:
        connection = connect(stack, server)
        paths = ["/health/live", "/signatures", "/nothing"] * 100
        heads = (f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n" for path in paths)
        connection.sendall("".join(heads).encode())
        found = read_until(connection, lambda found: found.count(b"HTTP/1.1 ") == len(paths))
        reported = [piece[:3].decode() for piece in found.split(b"HTTP/1.1 ")[1:]]
        assert reported == ["200", "200", "404"] * 100


def test_empty_lines_before_a_request_say_nothing(server: Server) -> None:
    with ExitStack() as stack:
        connection = connect(stack, server)
        connection.sendall(b"\r\n" * 50_000 + LIVE)
        assert read_until(connection, lambda found: b"\r\n\r\n" in found).startswith(
            b"HTTP/1.1 200 "
        )


def test_clients_that_ask_for_much_and_go_leave_nothing_behind(server: Server) -> None:
    with Client(server.address) as client:
        client.saved("large", cms="x" * 1_000_000)
    path = f"/signature?document={quote(CODE)}large&thread=story"
    ask = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    [worker] = server.workers()
    folder = Path(f"/proc/{worker}/fd")
    before = len(list(folder.iterdir()))
    for _ in range(40):
        with ExitStack() as stack:
            connection = connect(stack, server)
            connection.sendall(ask * 16)
            connection.recv(65_536)
    wait_until(lambda: len(list(folder.iterdir())) <= before + 4, "their connections are closed")


def test_who_takes_a_large_answer_slowly_keeps_no_large_request_waiting(server: Server) -> None:
    with Client(server.address) as client, ExitStack() as stack:
        client.saved("huge", cms="x" * LARGE)
        slow = connect(stack, server)
        named = json.dumps({"document": CODE + "huge", "thread": "story"})
        body = named.encode() + b" " * 1_200_000
        head = f"GET /signature HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        slow.sendall(head.encode() + body)
        assert slow.recv(16).startswith(b"HTTP/1.1 200")
        began = time.monotonic()
        client.saved("next", cms="x" * 1_200_000)
        # It waited until the other one was given up, half a minute later.
        assert time.monotonic() - began < 15
