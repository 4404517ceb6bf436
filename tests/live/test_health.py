"""Health is answered regardless of the database and other clients."""

from __future__ import annotations

import socket
import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
import requests

from tests.live.client import Client
from tests.live.conftest import StartServer
from tests.live.server import Server

pytestmark = pytest.mark.attacks

LIVE = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
READY = LIVE.replace(b"live", b"ready")


@pytest.fixture(name="server")
def small_server(start_server: StartServer, tmp_path: Path) -> Server:
    url = f"sqlite:///{tmp_path / 'store.sqlite3'}"
    return start_server(url, WEB_CONCURRENCY="1", WEB_THREADS="4", CMS_VALIDATION="off")


def is_live(server: Server) -> bool:
    return requests.get(server.address + "/health/live", timeout=8).status_code == 200


def test_no_client_holds_the_thread_of_health(server: Server) -> None:
    """Answers of 3.5 to 4.2 MB before many of health: some fill what may wait to the last byte."""
    with Client(server.address) as client, ExitStack() as stack:
        for size in range(440_000, 520_000, 10_000):
            client.saved(f"large-{size}", cms="a" * size)
            ask = (
                b"GET /signature?document=large-%d&thread=main HTTP/1.1\r\nHost: localhost\r\n\r\n"
            )
            one = stack.enter_context(socket.socket())
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.connect(("127.0.0.1", server.port))
            several = ask % size * 8
            one.sendall(several + LIVE * ((8180 - len(several)) // len(LIVE)))
            assert is_live(server)


def test_many_who_ask_for_readiness_keep_no_one_waiting(server: Server, tmp_path: Path) -> None:
    with ExitStack() as stack:
        # SQLite waits for a moment for one who writes, whenever it is asked.
        held = stack.enter_context(closing(sqlite3.connect(tmp_path / "store.sqlite3")))
        held.execute("BEGIN IMMEDIATE")
        for _ in range(200):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            one.sendall(READY)
        assert is_live(server)  # Before: after 200 times 0.2 s.
        assert requests.get(server.address + "/health/ready", timeout=20).status_code == 200
