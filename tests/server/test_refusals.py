"""Who says what is refused: the application, and where it can't, the server itself."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from waitress import wasyncore

from app.server.adjustments import adjust
from app.server.client_limits import Limits
from app.server.dispatcher import Dispatcher
from app.server.hall import Hall
from app.server.listener import Server
from app.server.watched import Watched
from app.server_refusal import VARIABLE, Refusal

App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
FAILS = b"GET /signature?a=1 HTTP/1.1\r\nX-Request-ID: mine\r\n\r\n"
BROKEN = b"GET /signature HTTP/1.1\r\nno field\r\n\r\n"
LIMITS = Limits(
    head=10,
    body=10,
    answer=10,
    idle=10,
    stall=10,
    max_body=1000,
    max_upload=3000,
    threads=2,
    connections=None,
)


@contextmanager
def served(app: App, *, is_told: bool = True, limits: Limits = LIMITS) -> Iterator[int]:
    """Serve an application in this process; return the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    watched = Watched()
    hall = Hall(limits, logging.getLogger("test"), {"X-Page": "any"}, is_told)
    dispatcher = Dispatcher(2)
    server = Server(
        app, hall, listener, map=watched, dispatcher=dispatcher, adj=adjust(limits, listener, 10)
    )
    stopped = threading.Event()

    def run() -> None:
        while not stopped.is_set():
            watched.look_at(server)
            watched.serve(0.02)
            dispatcher.refuse_late()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stopped.set()
        thread.join()
        dispatcher.shutdown()
        for one in server._health.values():
            one.shutdown()
        for channel in tuple(hall.channels):  # Their files are not left to the garbage collection.
            channel._end_requests()
            channel.leave()
        wasyncore.close_all(watched)
        watched.close()


def ask(port: int, request: bytes) -> tuple[str, str, Any]:
    """Return the status line, the fields in small letters, and the body."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as one:
        one.sendall(request)
        answer = b"".join(iter(lambda: one.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    line, _, fields = head.decode().partition("\r\n")
    return line, fields.lower(), json.loads(body)


def telling(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Fail, but say what is refused, and that there is no body to be read."""
    reported: Refusal | None = environ.get(VARIABLE)
    if reported is None:
        raise RuntimeError
    assert "CONTENT_LENGTH" not in environ
    assert environ["wsgi.input"].read() == b""
    start(
        f"{reported.status} Told", [("Content-Type", "application/json"), *reported.headers.items()]
    )
    names = ("PATH_INFO", "QUERY_STRING", "REQUEST_METHOD")
    made = environ.get("HTTP_X_REQUEST_ID")
    return [json.dumps([reported.reason, made, *(environ[name] for name in names)]).encode()]


def failing(_environ: dict[str, Any], _start: Callable[..., Any]) -> Iterable[bytes]:
    raise RuntimeError


def test_the_application_says_what_is_refused() -> None:
    with served(telling) as port:
        line, fields, body = ask(port, BROKEN)
        assert line == "HTTP/1.1 400 Told"
        assert body == ["BadRequest", None, "/signature", "", "GET"]
        assert "connection: close" in fields
        line, _, body = ask(port, b"POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n" + b"a" * 1001)
        assert line == "HTTP/1.1 413 Told"
        assert body == ["RequestEntityTooLarge", None, "/", "", "POST"]


def test_it_says_that_it_failed_too(caplog: pytest.LogCaptureFixture) -> None:
    with served(telling) as port, caplog.at_level("CRITICAL"):
        line, fields, body = ask(port, FAILS)
    assert line == "HTTP/1.1 500 Told"
    assert body == ["InternalServerError", "mine", "/signature", "a=1", "GET"]
    assert "connection: close" in fields


@pytest.mark.parametrize(("app", "is_told"), [(failing, True), (telling, False)])
@pytest.mark.parametrize(
    ("request_bytes", "reported"),
    [(FAILS, "500 Internal Server Error"), (BROKEN, "400 Bad Request")],
)
def test_where_it_can_not_the_server_says_it_plainly(
    caplog: pytest.LogCaptureFixture,
    app: App,
    is_told: bool,
    request_bytes: bytes,
    reported: str,
) -> None:
    with served(app, is_told=is_told) as port, caplog.at_level("CRITICAL"):
        line, fields, body = ask(port, request_bytes)
    assert line.endswith(f" {reported}")
    assert body == {"status": False, "message": reported[4:], "content": None}
    for one in ("connection: close", "cache-control: private, no-store", "x-page: any"):
        assert fields.count(one) == 1
    assert "x-request-id: " in fields


def breaking(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Fail, and once more in the midst of saying so."""
    if VARIABLE not in environ:
        raise ValueError
    start("500 Internal Server Error", [])
    yield b"a"
    raise ValueError


@pytest.mark.slow
def test_a_connection_whose_refusal_breaks_off_is_closed() -> None:
    with (
        served(breaking) as port,
        socket.create_connection(("127.0.0.1", port), timeout=10) as one,
    ):
        one.sendall(FAILS * 3)
        while one.recv(65536):
            pass  # It would wait for good.
