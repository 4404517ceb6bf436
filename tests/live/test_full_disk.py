"""A server whose folder for temporary files is full: it refuses what is large, and goes on."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.bounds_of_files import small_files
from tests.live.client import Client
from tests.live.conftest import StartServer
from tests.live.server import Server, accepting_processes

pytestmark = [pytest.mark.attacks, pytest.mark.slow]

#: Bytes of a file from which on the disk is full, also for the database's log; and of a body.
ROOM, BODY = 8_000_000, 12_000_000
SECONDS, SENDERS = 5, 4


def send_much(server: Server) -> bytes:
    """Send a large body; return the head of the answer."""
    head = "POST /verify HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as one:
        one.sendall(f"{head}Content-Length: {BODY}\r\n\r\n".encode())
        one.sendall(b"A" * BODY)
        return one.makefile("rb").read().partition(b"\r\n\r\n")[0]


def test_large_bodies_are_refused_and_others_served(
    start_server: StartServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('full')}/store.sqlite3"
    with small_files(ROOM):
        server = start_server(url, WEB_CONCURRENCY="2", RATE_LIMIT="off", CPU_LIMIT="off")
    assert server.process is not None
    workers = accepting_processes(server.process.pid)
    saved: Counter[int] = Counter()
    ended = threading.Event()

    def save() -> None:
        with Client(server.address) as client:
            while not ended.is_set():
                saved[client.save("full", f"{sum(saved.values())}").status_code] += 1

    bystander = threading.Thread(target=save)
    bystander.start()
    try:
        with ThreadPoolExecutor(SENDERS) as pool:
            until, heads = time.monotonic() + SECONDS, list[bytes]()
            while time.monotonic() < until:
                heads += pool.map(send_much, [server] * SENDERS)
    finally:
        ended.set()
        bystander.join()
    assert heads
    for head in heads:
        assert head.startswith(b"HTTP/1.1 503")
        assert b"\r\nRetry-After: 5" in head
    assert set(saved) == {201}
    assert accepting_processes(server.process.pid) == workers
