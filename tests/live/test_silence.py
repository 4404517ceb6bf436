"""Clients that stop in the middle of a request."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from time import monotonic

import pytest
import requests

from tests.live.conftest import StartServer


@pytest.mark.parametrize(
    "beginning",
    [b"GET /sig", b"POST /signature HTTP/1.1\r\nContent-Length: 100\r\n\r\n{"],
    ids=["headers", "body"],
)
def test_clients_that_fall_silent_do_not_hold_the_threads_for_good(
    start_server: StartServer, tmp_path_factory: pytest.TempPathFactory, beginning: bytes
) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('data') / 'store.sqlite3'}"
    server = start_server(url, WEB_CONCURRENCY="1", WEB_THREADS="2", WEB_READ_TIMEOUT="1")
    with ExitStack() as silent:
        for _ in range(6):
            one = silent.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            one.sendall(beginning)
        began = monotonic()
        answer = requests.get(server.address + "/health/live", timeout=30)
        assert answer.status_code == 200
        # Six clients, two threads, a second each: three seconds, and none of them for good.
        assert monotonic() - began < 20
    assert "Traceback" not in server.log
