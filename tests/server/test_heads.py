"""What the one thread that reads all requests does for a head of any form: little."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Any

import pytest

from app.server.parser import HEALTH, MAX_HEALTH_HEAD
from tests.cpu import allowed
from tests.server.test_channel import connect
from tests.server.test_refusals import served
from tests.server.test_watched import Start

pytestmark = pytest.mark.attacks

SIZE = 125_000
GET, END = b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"\r\n\r\n"
HEADS = {
    "blanks before a value": GET + b"a:" + b" " * SIZE + b"b" + END,
    "blanks before nothing": GET + b"a:" + b" " * SIZE + b"\0" + END,
    "tabs in a value": GET + b"a: b" + b"\t" * SIZE + b"\0" + END,
    "blanks after a value": GET + b"a: b" + b" " * SIZE + END,
    "blanks in a second line": GET + b"a:\r\n" + b" " * SIZE + b"b" + END,
    "many lines of one field": GET + b"a: b" + b"\r\n c" * (SIZE // 4) + END,
    "many lines of nothing": GET + b"a: b" + b"\r\n " * (SIZE // 3) + b"\0" + END,
    "lines of nothing before a value": GET + b"a:" + b"\r\n " * (SIZE // 3) + b"\r\n b" + END,
    "lines of nothing and nothing": GET + b"a:" + b"\r\n " * (SIZE // 3) + b"\0" + END,
    "a line that continues the first": b"GET a://"
    + b"1" * SIZE
    + b"\r\n x\r\nHost: localhost"
    + END,
    "blanks before all fields": b"GET / HTTP/1.1\r\n" + b" " * SIZE + b"a: b" + END,
    "many fields": GET + b"a:b\r\n" * (SIZE // 5) + END,
    "words": GET + b"a: " + b"b " * (SIZE // 2) + b"\0" + END,
    "a name": GET + b"a" * SIZE + END,
    "an absolute address": b"GET a://" + b"x" * SIZE + b" z\r\nHost: localhost" + END,
    "one of digits": b"GET a://" + b"1" * SIZE + b" z\r\nHost: localhost" + END,
    "digits and a version": b"GET a://" + b"1" * SIZE + b" HTTP/1.1x\r\nHost: localhost" + END,
    "colons": b"GET " + b":" * SIZE + b" HTTP/1.1\r\nHost: localhost" + END,
    "blanks in the line": b"GET" + b" " * SIZE + b"/\r\nHost: localhost" + END,
    "raw letters": b"GET /" + b"\xd0\xb0" * (SIZE // 2) + b" HTTP/1.1\r\nHost: localhost" + END,
    "a method": b"G" * SIZE + b" / HTTP/1.1\r\nHost: localhost" + END,
}


def app(environ: dict[str, Any], start: Start) -> list[bytes]:
    value = environ.get("HTTP_A", "").encode("latin-1")
    start("200 OK", [("Content-Length", str(len(value))), ("Content-Type", "text/plain")])
    return [value]


def ask(port: int, head: bytes) -> bytes:
    with ExitStack() as stack:
        client = connect(stack, port)
        client.sendall(head)
        answer = b""
        while b"\r\n\r\n" not in answer:
            more = client.recv(65536)
            assert more
            answer += more
    return answer


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_a_head_of_any_form_is_read_at_once(head: bytes) -> None:
    with served(app) as port:
        began = time.process_time()
        answer = ask(port, head)
        spent = time.process_time() - began
    assert answer.startswith((b"HTTP/1.1 ", b"HTTP/1.0 "))
    assert spent < allowed(0.1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (b"a: b", b"b"),
        (b"a:b", b"b"),
        (b"A:\t b c \t", b"b c"),
        (b"a: b\r\n c\r\n\td", b"b c d"),
        (b"a:\r\n b", b" b"),
        (b"a: b: c", b"b: c"),
        (b"a:", b""),
        (b"a: b\r\na: c", b"b, c"),
    ],
)
def test_a_value_is_what_stands_between_blanks(field: bytes, value: bytes) -> None:
    with served(app) as port:
        answer = ask(port, GET + field + END)
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.rpartition(b"\r\n\r\n")[2] == value.strip()


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1 x",
        b"GET  /",
        b"GET",
        b"GET / HTTP/11",
        b"GET /\r\n HTTP/1.1",
        b"GET / HTTP/1.1\r\n a: b",
        b"GET / HTTP/1.1\r\na\r\n : b",
        b"GET / HTTP/1.1\r\na : b",
    ],
)
def test_a_line_that_is_no_request_is_refused(head: bytes) -> None:
    with served(app, is_told=False) as port:
        assert ask(port, head + b"\r\nHost: localhost" + END)[9:12] == b"400"


@pytest.mark.parametrize("path", HEALTH)
def test_a_health_check_is_small(path: str) -> None:
    """No limit of callers holds for it, and its query and languages are read for each."""
    line = f"GET {path}?" + "a&" * (MAX_HEALTH_HEAD // 2) + " HTTP/1.1\r\nHost: localhost"
    with served(app, is_told=False) as port:
        assert ask(port, line.encode() + END)[9:12] == b"400"
        assert ask(port, f"GET {path}?a HTTP/1.1\r\nHost: localhost".encode() + END).startswith(
            b"HTTP/1.1 200"
        )
