"""Clients that leave a connection in an odd state: who comes later is served all the same."""

from __future__ import annotations

import dataclasses
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any

import pytest

from app.server.hall import Hall
from tests.server.test_channel import begin, connect, eventually
from tests.server.test_refusals import LIMITS, served
from tests.server.test_watched import GET, Answers

pytestmark = pytest.mark.attacks

Start = Callable[..., Any]
#: Refused, while more of it may come.
ODD = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: abc\r\n\r\n"
#: Fits the buffers of both systems.
ANSWER = 100_000


def app(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
    size = ANSWER if environ["PATH_INFO"] == "/large" else 2
    begin(start, size)
    return [b"ok" if size == 2 else b"a" * size]


@pytest.fixture(name="halls")
def halls_of_the_test(monkeypatch: pytest.MonkeyPatch) -> list[Hall]:
    """Return the state of each server, as soon as it has a connection."""
    halls: list[Hall] = []
    admit = Hall.admit

    def note(self: Hall, channel: Any) -> None:
        if self not in halls:
            halls.append(self)
        admit(self, channel)

    monkeypatch.setattr(Hall, "admit", note)
    return halls


def test_who_was_refused_and_stays_makes_room_for_others(halls: list[Hall]) -> None:
    limits = dataclasses.replace(LIMITS, connections=4)
    with served(app, limits=limits) as port, ExitStack() as stack:
        for _ in range(12):
            one = connect(stack, port)
            one.sendall(ODD)
            assert one.recv(100)  # The application here refuses nothing; the server reads on.
        later = connect(stack, port)
        later.sendall(GET)
        Answers(later).read()
        [hall] = halls
        assert len(hall.channels) <= 4


def test_all_addresses_together_make_room_for_others(halls: list[Hall]) -> None:
    with served(app) as port, ExitStack() as stack:
        connect(stack, port).sendall(GET)
        assert eventually(lambda: bool(halls))
        halls[0].most_channels = 5
        for _ in range(12):
            connect(stack, port)
        later = connect(stack, port)
        later.sendall(GET)
        Answers(later).read()
        assert len(halls[0].channels) <= 5


def test_an_answer_that_is_not_read_holds_no_connection(halls: list[Hall]) -> None:
    limits = dataclasses.replace(LIMITS, idle=1)
    with served(app, limits=limits) as port, ExitStack() as stack:
        clients = [connect(stack, port) for _ in range(3)]
        for one in clients:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            for _ in range(20):
                one.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert eventually(lambda: bool(halls) and not halls[0].channels)


def test_what_is_kept_for_all_is_not_counted_for_each_byte(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted: list[float] = []
    count = Hall._spooled

    def note(self: Hall) -> int:
        counted.append(time.monotonic())
        return count(self)

    monkeypatch.setattr(Hall, "_spooled", note)
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 400\r\n\r\n"
    with served(app) as port, ExitStack() as stack:
        one, began = connect(stack, port), time.monotonic()
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        one.sendall(head)
        for _ in range(400):
            one.sendall(b"a")
        Answers(one).read()
        seconds = time.monotonic() - began
    assert len(counted) <= seconds / 0.02 + 5
