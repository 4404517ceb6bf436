"""What the main thread looks at: connections with something to do, and no others."""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any

import pytest

from app.server.channel import Channel
from app.server.listener import Server
from tests.server.test_channel import begin, connect
from tests.server.test_refusals import served

pytestmark = pytest.mark.attacks

Start = Callable[..., Any]
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
IDLE, REQUESTS = 8, 200


def app(_environ: dict[str, Any], start: Start) -> Iterable[bytes]:
    begin(start, 2)
    return [b"ok"]


class Answers:
    """What one connection has received: answers may come together."""

    def __init__(self, client: socket.socket) -> None:
        self._client, self._data = client, b""

    def read(self) -> None:
        while b"\r\n\r\nok" not in self._data:
            more = self._client.recv(65536)
            assert more
            self._data += more
        _, _, self._data = self._data.partition(b"\r\n\r\nok")


def test_idle_connections_are_not_asked_again_for_each_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: Counter[int] = Counter()

    def count(self: Channel) -> bool:
        asked[self.addr[1]] += 1
        return is_readable(self)

    is_readable = Channel.readable
    monkeypatch.setattr(Channel, "readable", count)
    with served(app) as port, ExitStack() as stack:
        idle = [connect(stack, port) for _ in range(IDLE)]
        for one in idle:
            one.sendall(GET)
            Answers(one).read()
        busy, began = connect(stack, port), time.monotonic()
        asked.clear()
        for _ in range(REQUESTS):
            busy.sendall(GET)
            Answers(busy).read()
        seconds = time.monotonic() - began
        counts = [asked[one.getsockname()[1]] for one in idle]
    # Each second the deadlines of all are checked.
    assert max(counts) <= 2 * (seconds + 2)


@pytest.mark.parametrize("early", [GET[:-1], GET])
def test_what_a_client_sends_while_it_is_answered_is_noticed(
    monkeypatch: pytest.MonkeyPatch, early: bytes
) -> None:
    """The next request comes at any moment of an answer, and nothing looks for it by itself."""
    monkeypatch.setattr(Server, "maintenance", lambda *_: None)
    with served(app) as port, ExitStack() as stack:
        client = connect(stack, port)
        answers = Answers(client)
        client.sendall(GET)
        for number in range(REQUESTS):
            time.sleep(number % 20 * 50e-6)
            client.sendall(early)
            answers.read()
            if early != GET:
                client.sendall(GET[-1:])
        answers.read()


def test_the_main_thread_leaves_a_connection_alone_while_a_thread_sends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The client has the answer, and sends the next request, before that thread goes on."""

    def send(self: Channel, data: bytes, do_close: bool = True) -> int:
        sent: int = of_waitress(self, data, do_close)
        time.sleep(0.2)
        return sent

    def count(self: Channel) -> bool:
        asked.append(self)
        return is_writable(self)

    asked: list[Channel] = []
    of_waitress, is_writable = Channel.send, Channel.writable
    monkeypatch.setattr(Channel, "send", send)
    monkeypatch.setattr(Channel, "writable", count)
    with served(app) as port, ExitStack() as stack:
        client = connect(stack, port)
        answers = Answers(client)
        for _ in range(3):
            client.sendall(GET)
            answers.read()
    # Some times for each request, and once more each second.
    assert len(asked) < 50
