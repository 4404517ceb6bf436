"""A full folder for temporary files: who is told, who isn't harmed, and what is left behind."""

from __future__ import annotations

import dataclasses
import logging
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest

from app.server.channel import Channel
from app.server.listener import Server
from tests.bounds_of_files import small_files, unnamed_files
from tests.server.test_channel import begin, connect, eventually, post
from tests.server.test_refusals import LIMITS, ask, served, telling

pytestmark = pytest.mark.attacks

Start = Callable[..., Any]
MEGABYTE = 1_000_000
#: Bytes of a file from which on the disk is full here.
ROOM = 200_000
ROOMY = dataclasses.replace(LIMITS, max_body=4 * MEGABYTE)


@pytest.fixture(autouse=True)
def full_disk() -> Iterator[None]:
    """Allow no larger files."""
    with small_files(ROOM):
        yield


@contextmanager
def leaving_nothing() -> Iterator[None]:
    before = unnamed_files()
    yield
    # Those that an earlier test has left may go meanwhile.
    assert eventually(lambda: unnamed_files() <= before)


def app(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
    if "tanbahana.refused_below" in environ:
        return telling(environ, start)
    begin(start, 2)
    return [b"ok"]


def chunked(size: int) -> bytes:
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"%x\r\n" % size + b"a" * size + b"\r\n0\r\n\r\n"


@pytest.mark.parametrize("body", [post("/", MEGABYTE), chunked(MEGABYTE)], ids=["fixed", "chunked"])
def test_a_body_without_room_is_refused(body: bytes) -> None:
    with served(app, limits=ROOMY) as port, leaving_nothing():
        line, fields, told = ask(port, body)
        assert line == "HTTP/1.1 503 Told"
        assert told[0] == "DiskFull"
        assert "retry-after: 5" in fields
        assert "connection: close" in fields
        with ExitStack() as stack:
            other = connect(stack, port)
            other.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert other.recv(65536).endswith(b"ok")


def test_who_leaves_within_such_a_body_leaves_no_file() -> None:
    with served(app, limits=ROOMY) as port, leaving_nothing(), ExitStack() as stack:
        for _ in range(4):
            one = connect(stack, port)
            one.sendall(post("/", MEGABYTE)[:200_500])
            one.close()


@contextmanager
def client_that_reads_later(port: int, request: bytes) -> Iterator[socket.socket]:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.settimeout(20)
        one.connect(("127.0.0.1", port))
        one.sendall(request)
        yield one


def read_all(one: socket.socket) -> bytes:
    return b"".join(iter(lambda: one.recv(65536), b""))


def large(pieces: int) -> Callable[[dict[str, Any], Start], Iterable[bytes]]:
    def answer(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        if "tanbahana.refused_below" in environ:
            return telling(environ, start)
        begin(start, pieces * 3 * MEGABYTE)
        return (b"a" * (3 * MEGABYTE) for _ in range(pieces))

    return answer


def test_an_answer_without_room_is_a_refusal() -> None:
    with served(large(1), limits=ROOMY) as port, leaving_nothing():
        line, fields, told = ask(port, b"GET / HTTP/1.1\r\n\r\n")
    assert line == "HTTP/1.1 503 Told"
    assert told[0] == "DiskFull"
    assert "retry-after: 5" in fields


def test_what_may_have_been_done_is_not_said_to_be_refused() -> None:
    with served(large(1), limits=ROOMY) as port, leaving_nothing(), ExitStack() as stack:
        one = connect(stack, port)
        one.sendall(post("/", 1))
        assert read_all(one) == b""


def test_an_answer_whose_rest_has_no_room_ends() -> None:
    def trickling(_environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        begin(start, 40 * MEGABYTE)
        return (b"a" * 60_000 for _ in range(700))

    with (
        served(trickling, limits=ROOMY) as port,
        leaving_nothing(),
        client_that_reads_later(port, b"GET / HTTP/1.1\r\n\r\n") as one,
    ):
        answer = read_all(one)
    assert answer.startswith(b"HTTP/1.1 200")
    assert len(answer) < 40 * MEGABYTE


@pytest.mark.parametrize(
    "name", ["handle_read", "handle_close", "readable", "received", "check_deadlines", "writable"]
)
def test_whatever_a_connection_raises_ends_it_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """Also while it is closed."""
    usual = getattr(Channel, name)
    failing: list[tuple[str, int]] = []

    def fail(self: Channel, *arguments: Any) -> Any:
        if self.addr in failing:
            raise ValueError
        return usual(self, *arguments)

    def fail_to_close(_self: Any) -> None:
        raise OSError

    with served(app) as port, leaving_nothing(), ExitStack() as stack:
        bad, good = connect(stack, port), connect(stack, port)
        bad.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\na")
        good.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert good.recv(65536).endswith(b"ok")
        failing.append(bad.getsockname())
        with monkeypatch.context() as patch, caplog.at_level(logging.ERROR):
            patch.setattr(Channel, name, fail)
            patch.setattr("app.server.buffers.Spool.close", fail_to_close)
            if name == "handle_close":
                bad.close()
            else:
                bad.sendall(b"a")
                with suppress(ConnectionResetError):
                    assert bad.recv(65536) == b""
            assert eventually(lambda: bool(caplog.records) or name == "handle_close")
        good.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert good.recv(65536).endswith(b"ok")
        assert connect(stack, port)
    # One of what failed, and two of what could not be closed.
    assert len(caplog.records) <= 3


def test_a_connection_that_can_not_begin_ends_no_listener(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise ValueError

    monkeypatch.setattr("app.server.watched._log.disabled", True)
    with served(app) as port, ExitStack() as stack:
        with monkeypatch.context() as patch:
            patch.setattr(Server, "set_socket_options", fail)
            assert connect(stack, port).recv(1) == b""
        one = connect(stack, port)
        one.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert one.recv(65536).endswith(b"ok")
