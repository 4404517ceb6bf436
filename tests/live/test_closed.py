"""Over a socket: what a server without tokens refuses that isn't its own machine's."""

from __future__ import annotations

import socket

import pytest

from tests.live.conftest import StartServer
from tests.live.server import Server

pytestmark = pytest.mark.attacks

#: Lines of a head -> the status of the answer.
HEADS = {
    b"Host: localhost": 200,
    b"Accept: */*": 200,
    b"X-Forwarded-For: 127.0.0.1": 403,
    b"Host: 127.0.0.1:%PORT\r\nOrigin: http://127.0.0.1:%PORT": 200,
    b"Host: evil.example": 403,
    b"Host: localhost\r\nHost: evil.example": 403,
    b"Host: localhost, evil.example": 403,
    b"Host: ": 403,
    b"Host: localhost\r\nOrigin: https://evil.example": 403,
    b"Host: localhost\r\nOrigin: http://localhost:1\r\nOrigin: https://evil.example": 403,
    b"Host: localhost\r\nX-Forwarded-For: 127.0.0.1": 403,
    b"Host: localhost\r\nx-FORWARDED-proto: https": 403,
    b"Host: localhost\r\nVia: 1.1 tunnel": 403,
    b"Host: localhost\r\nForwarded: for=127.0.0.1": 403,
}


def status_of(server: Server, head: bytes, target: bytes = b"/signatures") -> int:
    """Request a list with these lines in the head."""
    port = str(server.port).encode()
    request = b"GET " + target + b" HTTP/1.1\r\n" + head.replace(b"%PORT", port)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(request + b"\r\nConnection: close\r\n\r\n")
        answer = connection.makefile("rb").read()
    assert b"\r\nCache-Control: private, no-store\r\n" in answer
    return int(answer.split(b" ", 2)[1])


def test_what_is_not_its_own_machine_s_is_refused(
    start_server: StartServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('closed')}/store.sqlite3"
    server = start_server(url, WEB_CONCURRENCY="1")
    assert {head: status_of(server, head) for head in HEADS} == HEADS
    # A target with an authority overrides Host (RFC 9112 section 3.2.2).
    for name, status in ((b"evil.example", 403), (b"localhost", 200)):
        target = b"http://" + name + b"/signatures"
        assert status_of(server, b"Host: localhost", target) == status
