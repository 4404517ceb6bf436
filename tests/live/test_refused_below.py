"""What the server refuses before the application is answered like any other refusal."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
import requests

from tests.live.conftest import StartServer
from tests.live.server import CODE, Server, wait_until

LIMIT = 1024 * 1024
LIST = "/v1/persons/IDCKZ-900101300017/signings"
THREAD = "/signatures/" + "0" * 8 + "-0000-4000-8000-" + "0" * 12
GIANT = f"Content-Length: {100 * LIMIT}\r\n"
ODD = "X-Odd: " + "a" * 140_000 + "\r\n"

#: Status, reason, the head's first line for a path, and what follows: fields and body.
KINDS: dict[str, tuple[int, str, str, str]] = {
    "announced body": (413, "RequestEntityTooLarge", "POST {} HTTP/1.1", f"{GIANT}\r\n"),
    "chunked body": (
        413,
        "RequestEntityTooLarge",
        "POST {} HTTP/1.1",
        "Transfer-Encoding: chunked\r\n\r\n"
        + ("10000\r\n" + "a" * 0x10000 + "\r\n") * (LIMIT // 0x10000 + 1),
    ),
    "head": (431, "RequestHeaderFieldsTooLarge", "GET {} HTTP/1.1", f"{ODD}\r\n"),
    "head without an end": (431, "RequestHeaderFieldsTooLarge", "GET {} HTTP/1.1", ODD),
    "length": (400, "BadRequest", "POST {} HTTP/1.1", "Content-Length: many\r\n\r\n"),
    "field": (400, "BadRequest", "GET {} HTTP/1.1", "no field\r\n\r\n"),
    "first line": (400, "BadRequest", "GET {}?document=a b HTTP/1.1", "\r\n"),
    "chunk": (
        400,
        "BadRequest",
        "POST {} HTTP/1.1",
        f"Transfer-Encoding: chunked\r\n\r\nz\r\n{CODE}",
    ),
    "coding": (501, "ServerNotImplemented", "POST {} HTTP/1.1", "Transfer-Encoding: gzip\r\n\r\n"),
    "slow head": (408, "RequestTimeout", "GET {} HTTP/1.1", "X-More: \r\n"),
    "slow body": (408, "RequestTimeout", "POST {} HTTP/1.1", "Content-Length: 9\r\n\r\n{"),
}
RUSSIAN = {
    400: "Запрос не соответствует HTTP",
    408: "Запрос не пришёл вовремя",
    413: "Тело запроса слишком велико",
    431: "Заголовок запроса слишком велик, параметры можно передать в теле",
    501: "Тело запроса закодировано так, как здесь не читается",
}


@pytest.fixture(scope="module", name="server")
def strict_server(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> Server:
    file = tmp_path_factory.mktemp("data") / "store.sqlite3"
    return start_server(
        f"sqlite:///{file}",
        WEB_CONCURRENCY="1",
        MAX_BODY_MB="1",
        WEB_HEAD_TIMEOUT="1",
        WEB_BODY_TIMEOUT="1",
        ACCESS_LOG="on",
        METRICS="on",
        RATE_LIMIT="100000/hour",
        CORS_ORIGINS="*",
    )


def ask(server: Server, kind: str, path: str, **fields: str) -> tuple[str, dict[str, str], bytes]:
    """Send a request that is refused; return the status line, the fields and the body."""
    _, _, first, rest = KINDS[kind]
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as one:
        one.sendall(f"{first.format(path)}\r\nHost: 127.0.0.1\r\n{more}{rest}".encode())
        answer = b"".join(iter(lambda: one.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    line, *lines = head.decode().split("\r\n")
    return (
        line,
        {name.lower(): value for name, value in (one.split(": ", 1) for one in lines)},
        body,
    )


def lines_of(server: Server, request_id: str) -> list[dict[str, Any]]:
    """Return the lines of the log about one request."""
    return [
        line
        for line in map(json.loads, server.log.splitlines())
        if line.get("request_id") == request_id
    ]


def counted(server: Server, reason: str) -> float:
    text = requests.get(f"{server.address}/metrics", timeout=20).text
    name = f'tanbahana_refusals_total{{reason="{reason}"}} '
    return sum(float(line.removeprefix(name)) for line in text.splitlines() if name in line)


@pytest.mark.parametrize("kind", KINDS)
def test_it_has_what_every_refusal_has(server: Server, kind: str) -> None:
    status, reason, _, _ = KINDS[kind]
    before, made = counted(server, reason), f"mine-{kind.replace(' ', '-')}"
    line, fields, body = ask(
        server, kind, "/signature", Accept_Language="ru", X_Request_ID=made, api_locale=""
    )
    assert line[9:12] == str(status)
    assert json.loads(body) == {"status": False, "message": RUSSIAN[status], "content": None}
    assert fields["content-type"] == "application/json; charset=utf-8"
    assert fields["content-language"] == "ru"
    assert fields["content-length"] == str(len(body))
    assert fields["cache-control"] == "private, no-store"
    assert fields["connection"] == "close"
    assert fields["vary"] == "Accept-Language, api-locale"
    assert fields["x-request-id"] == made
    assert fields["access-control-allow-origin"] == "*"
    assert fields["ratelimit-limit"] == "100000"
    assert int(fields["ratelimit-remaining"]) < 100_000
    assert "ratelimit" in fields
    wait_until(lambda: lines_of(server, made), "the line of the request is written")
    [reported] = lines_of(server, made)
    assert (reported["logger"], reported["status"], reported["reason"]) == (
        "app.access",
        status,
        reason,
    )
    assert (reported["route"], reported["family"]) == ("/signature", "ncanode")
    assert counted(server, reason) == before + 1
    assert CODE not in server.log


@pytest.mark.parametrize("kind", KINDS)
def test_it_has_the_shape_of_the_address_s_family(server: Server, kind: str) -> None:
    status = KINDS[kind][0]
    reported = json.loads(ask(server, kind, LIST, api_locale="ru")[2])
    assert (reported["status"], reported["detail"]) == (str(status), RUSSIAN[status])
    assert reported["code"] not in ("generic_error", "build_pagination_headers_failure")
    reported = json.loads(ask(server, kind, "/packages/add", api_locale="ru")[2])
    assert list(reported) == ["error", "message"]
    assert reported["message"] == RUSSIAN[status]
    assert not reported["error"].startswith("http_")
    [error] = json.loads(ask(server, kind, THREAD, api_locale="ru")[2])["errors"]
    assert (error["status"], error["detail"]) == (str(status), RUSSIAN[status])


def test_what_is_no_http_is_reported_in_the_envelope(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as one:
        one.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
        answer = b"".join(iter(lambda: one.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head[9:12] == b"400"
    message = "Request is not well-formed HTTP"
    assert json.loads(body) == {"status": False, "message": message, "content": None}
    assert b"\r\nratelimit: " in head.lower()


def test_a_head_line_that_is_too_long_alone_has_its_path(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as one:
        one.sendall(b"GET " + LIST.encode() + b"?a=" + b"a" * 140_000 + b" HTTP/1.1\r\n\r\n")
        answer = b"".join(iter(lambda: one.recv(65536), b""))
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["status"] == "431"


def test_a_caller_without_requests_left_is_refused_for_that_first(
    start_server: StartServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("data") / "store.sqlite3"
    server = start_server(f"sqlite:///{file}", WEB_CONCURRENCY="1", RATE_LIMIT="2/hour")
    seen = [ask(server, "announced body", "/signature")[0][9:12] for _ in range(3)]
    assert seen == ["413", "413", "429"]
