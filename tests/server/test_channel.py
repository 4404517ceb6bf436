"""Clients that ask for much at once, and take little: what they leave behind, and when they go."""

from __future__ import annotations

import dataclasses
import gc
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from app.server import dispatcher, hall
from app.server.dispatcher import LARGE
from app.server_refusal import VARIABLE
from tests.server.test_refusals import LIMITS, served

pytestmark = pytest.mark.attacks

MEGABYTE = 1_000_000
Start = Callable[..., Any]


def connect(stack: ExitStack, port: int) -> socket.socket:
    return stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))


def post(path: str, size: int) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n"
    return head.encode() + b"a" * size


def read_to_end(one: socket.socket) -> bytes:
    return b"".join(iter(lambda: one.recv(65536), b""))


def eventually(is_so: Callable[[], bool]) -> bool:
    until = time.monotonic() + 20
    while not is_so() and time.monotonic() < until:
        time.sleep(0.05)
    return is_so()


def begin(start: Start, size: int) -> None:
    start("200 OK", [("Content-Length", str(size)), ("Content-Type", "text/plain")])


def test_an_answer_is_waited_for_no_longer_in_all_for_being_taken_in_bursts() -> None:
    """The client lets the server wait for 0.8 s again and again; nothing waits at other times."""
    pieces = 20

    def app(_environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        begin(start, pieces * 12 * MEGABYTE)

        def tell() -> Iterator[bytes]:
            for _ in range(pieces):
                yield b"a" * (12 * MEGABYTE - 1)
                yield b"a"
                time.sleep(1.2)

        return tell()

    limits = dataclasses.replace(LIMITS, answer=2)
    with served(app, limits=limits) as port, ExitStack() as stack:
        one = connect(stack, port)
        one.sendall(b"GET / HTTP/1.1\r\n\r\n")
        taken, data = 0, b"-"
        while data:
            if taken % (12 * MEGABYTE) < MEGABYTE // 2:
                time.sleep(0.8)
            try:
                data = one.recv(MEGABYTE // 4)
            except ConnectionError:
                break
            taken += len(data)
    assert taken < pieces * 12 * MEGABYTE // 2


def test_bodies_that_wait_for_their_turn_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hall, "MAX_SPOOLED", 4 * LARGE)
    go = threading.Event()

    def app(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        go.wait(30)
        begin(start, 1)
        return [environ["REQUEST_METHOD"][:1].encode()]

    limits = dataclasses.replace(LIMITS, max_body=2 * LARGE)
    with served(app, is_told=False, limits=limits) as port, ExitStack() as stack:
        several = [connect(stack, port) for _ in range(8)]
        for one in several:
            one.sendall(post("/", LARGE))
            time.sleep(0.1)
        refused = several[-1].recv(65536)
        go.set()
        assert refused[9:12] == b"503"
        assert several[0].recv(65536)[9:12] == b"200"


def test_a_client_that_leaves_within_a_body_leaves_no_file() -> None:
    def files() -> int:
        links = (os.path.realpath(f"/proc/self/fd/{one}") for one in os.listdir("/proc/self/fd"))
        return sum("(deleted)" in link for link in links)

    limits = dataclasses.replace(LIMITS, max_body=4 * LARGE)
    gc.disable()  # It would close them as well, some time.
    try:
        with served(lambda *_: [], limits=limits) as port, ExitStack() as stack:
            before = files()
            several = [connect(stack, port) for _ in range(8)]
            for one in several:
                one.sendall(post("/", 2 * LARGE)[:-1])
            assert eventually(lambda: files() == before + 8)
            for one in several:
                one.close()
            assert eventually(lambda: files() == before)
    finally:
        gc.enable()


def test_an_answer_that_is_taken_slowly_keeps_no_other_large_request_waiting() -> None:
    def app(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        size = 20 * MEGABYTE if environ["PATH_INFO"] == "/slow" else 1
        begin(start, size)
        return (b"a" * min(size, MEGABYTE) for _ in range(max(size // MEGABYTE, 1)))

    limits = dataclasses.replace(LIMITS, max_body=2 * LARGE)
    with served(app, limits=limits) as port, ExitStack() as stack:
        slow, other = connect(stack, port), connect(stack, port)
        slow.sendall(post("/slow", LARGE))
        time.sleep(0.5)
        other.settimeout(5)  # Before, as long as the slow one had not all: 10 s here.
        other.sendall(post("/", LARGE))
        assert other.recv(65536)[9:12] == b"200"


@pytest.mark.parametrize("is_told", [True, False])
def test_a_large_request_that_waits_for_too_long_is_refused(
    monkeypatch: pytest.MonkeyPatch, is_told: bool
) -> None:
    monkeypatch.setattr(dispatcher, "PATIENCE", 0.5)
    go, told = threading.Event(), []

    def app(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        told.append(environ["PATH_INFO"])
        if refusal := environ.get(VARIABLE):
            start("503 Service Unavailable", [("Content-Length", "0"), *refusal.headers.items()])
            return [b""]
        go.wait(30)
        begin(start, 1)
        return [b"a"]

    limits = dataclasses.replace(LIMITS, max_body=2 * LARGE)
    with served(app, is_told=is_told, limits=limits) as port, ExitStack() as stack:
        first, second, third = (connect(stack, port) for _ in range(3))
        first.sendall(post("/first", LARGE))
        time.sleep(0.2)
        second.sendall(post("/second", LARGE))
        answer = read_to_end(second)
        assert answer[9:12] == b"503"
        assert b"Retry-After: 5" in answer
        third.sendall(post("/third", LARGE))
        time.sleep(0.2)
        go.set()
        assert first.recv(65536)[9:12] == third.recv(65536)[9:12] == b"200"
    assert told == ["/first", *["/second"] * is_told, "/third"]


def test_what_comes_behind_a_request_waits_until_its_answer_is_taken() -> None:
    answered: list[str] = []

    def app(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        answered.append(environ["PATH_INFO"])
        begin(start, 3 * MEGABYTE)
        return [b"a" * (3 * MEGABYTE)]

    ask = b"".join(b"GET /%d HTTP/1.1\r\n\r\n\r\n\r\n" % number for number in range(100))
    with served(app) as port, ExitStack() as stack:
        one = stack.enter_context(socket.socket())
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.connect(("127.0.0.1", port))
        one.sendall(ask)
        time.sleep(1)
        assert answered == ["/0"]
        wanted = 3 * 3 * MEGABYTE
        while wanted > 0:
            wanted -= len(one.recv(65536))
        assert answered[:3] == ["/0", "/1", "/2"]
        assert len(answered) < 6


def test_a_request_that_ends_oddly_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def app(_environ: dict[str, Any], _start: Start) -> Iterable[bytes]:
        raise SystemExit

    monkeypatch.setattr("waitress.task.ThreadedTaskDispatcher.logger.disabled", True)
    with served(app) as port, ExitStack() as stack:
        one = connect(stack, port)
        one.sendall(b"GET / HTTP/1.1\r\n\r\n" * 3)
        assert one.recv(65536) == b""
