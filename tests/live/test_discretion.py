"""What a whole server writes, and what never comes into it."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import pytest
import requests

from tests.live.client import Client, signature
from tests.live.conftest import StartServer
from tests.live.server import CODE, PROJECT, Server

IIN, BIN = "900101300017", "050140001234"
TOKEN = "tok1d.sEcReTsEcReTsEcReT"
SPOKEN = "ИВАНОВ"
SECRETS = (IIN, BIN, TOKEN, TOKEN.partition(".")[2], CODE, SPOKEN, signature()[100:160])
HEADERS = {
    "X-Request-ID": f"x-{IIN}",
    "Authorization": f"Bearer {TOKEN}",
    "X-Api-Key": TOKEN,
    "api_key": TOKEN,
    "User-Agent": IIN,
    "Referer": f"http://localhost/{IIN}",
    "X-Forwarded-For": IIN,
    "Cookie": f"iin={IIN}",
}
#: What gunicorn itself refuses, or takes for a client that has left.
BROKEN = [
    f"GET /{IIN} HTTP/9.9\r\n\r\n",
    f"{IIN} / HTTP/1.1\r\n\r\n",
    f"GET /{IIN} HTTP/1.1\r\n{IIN}\r\n\r\n",
    f"GET /{IIN} HTTP/1.1\r\n{IIN} : {TOKEN}\r\n\r\n",
    f"GET /{IIN * 1000} HTTP/1.1\r\n\r\n",
    f"GET / HTTP/1.1\r\nX: {IIN * 10000}\r\n\r\n",
    f"POST /signature HTTP/1.1\r\nContent-Length: {IIN}x\r\n\r\n",
    f"POST /signature HTTP/1.1\r\nTransfer-Encoding: {IIN}\r\n\r\n",
    f"POST /signature HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{IIN}zz\r\n{IIN}",
    f"POST /signature HTTP/1.1\r\nExpect: {IIN}\r\nContent-Length: 1\r\n\r\n1",
    f"POST /signature HTTP/1.1\r\nContent-Length: 900\r\n\r\n{IIN}",
    f"GET /{IIN} HT",
]


def send(server: Server, text: str) -> str:
    """Send raw bytes and hang up; return what is answered until then."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(text.encode())
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        with suppress(OSError):
            while part := connection.recv(65536):
                answer += part
        return answer.decode()


def say_everything(server: Server) -> Iterator[requests.Response]:
    """Put secrets into every place of a request, good ones and bad ones."""
    bodies: list[Any] = [
        {"document": CODE + IIN, "thread": IIN, "cms": signature(), "tags": [IIN]},
        {"document": CODE + IIN, "thread": IIN, "cms": signature(), "version": 5},
        {"document": CODE + IIN, "thread": IIN, "cms": f"nonsense {IIN}", "comment": SPOKEN},
        {"iin": IIN, "cms": signature(), "text": signature(), "bin": [BIN], "data": SPOKEN},
        [IIN],
    ]
    query = {"iin": IIN, "bin": BIN, "signer": SPOKEN, "document": CODE + IIN, "token": TOKEN}
    with requests.Session() as session:
        session.trust_env = False
        for path in ("/signature", "/signatures", "/validate", "/cms/validate", "/origin"):
            for end in ("", f"/{IIN}", f"/{TOKEN}"):
                for method in ("GET", "POST", "DELETE", "PATCH", f"M{IIN}"):
                    for body in bodies:
                        yield session.request(
                            method,
                            server.address + path + end,
                            params=query,
                            json=body,
                            headers=HEADERS,
                            timeout=20,
                        )
        broken = f'{{"iin": "{IIN}'.encode() + b"\xff"
        for kind in ("application/json", "text/xml", "application/x-www-form-urlencoded", IIN):
            yield session.post(
                server.address + "/signature",
                data=broken,
                headers={**HEADERS, "Content-Type": kind},
            )


@pytest.mark.parametrize("form", ["json", "text"])
def test_nothing_that_clients_send_comes_into_the_log(
    start_server: StartServer, tmp_path_factory: pytest.TempPathFactory, form: str
) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('data') / 'store.sqlite3'}"
    server = start_server(
        url,
        ACCESS_LOG="on",
        LOG_LEVEL="debug",
        LOG_FORMAT=form,
        WEB_READ_TIMEOUT="2",
        ALLOW_OPEN="1",
        CORS_ORIGINS="*",
    )
    server.saw_trouble = True
    answers = list(say_everything(server))
    for text in BROKEN:
        assert "x-request-id: " in send(server, text).lower() or text.endswith((IIN, "HT"))
    assert {answer.status_code for answer in answers} >= {200, 201, 400, 404, 405}
    made = [answer.headers["X-Request-ID"] for answer in answers]
    assert all(re.fullmatch(r"[0-9a-f]{32}", one) for one in made)
    assert len(set(made)) == len(made)
    server.tell_to_stop()
    server.wait_until_stopped()

    log = server.log
    for secret in SECRETS:
        assert secret not in log
    assert made[0] in log
    if form == "json":
        lines = [json.loads(line) for line in log.splitlines()]
        access = [line for line in lines if line["logger"] == "app.access"]
        reported = [line["request_id"] for line in access if line["route"] != "/health/ready"]
        assert reported[: len(made)] == made
        assert "BadRequest" in {line.get("reason") for line in access}
        assert all(line["time"].endswith("Z") for line in lines)


def test_a_failing_database_is_reported_without_what_was_asked(
    start_server: StartServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("data") / "store.sqlite3"
    server = start_server(f"sqlite:///{file}", ACCESS_LOG="on", LOG_LEVEL="debug")
    server.saw_trouble = True
    with Client(server.address) as client:
        client.saved(IIN)
        with closing(sqlite3.connect(file)) as database:
            database.execute("ALTER TABLE versions RENAME TO moved")
        assert client.save("other").status_code == 503
        assert client.get("/signatures", iin=IIN, document=CODE + IIN).status_code == 503
        assert client.read(IIN).status_code == 503
    assert [line for line in map(json.loads, server.log.splitlines()) if line["level"] != "INFO"]
    for secret in SECRETS:
        assert secret not in server.log


def make_token(server: Server, name: str) -> str:
    """Create a token, as the operator does for a caller."""
    made = subprocess.run(
        [
            sys.executable,
            "-m",
            "flask",
            "--app",
            "wsgi",
            "token",
            "create",
            name,
            "--scope",
            "read",
        ],
        cwd=PROJECT,
        env=server.environment,
        capture_output=True,
        check=True,
        text=True,
    )
    return made.stdout.strip()


def test_the_line_of_a_request_names_the_token_and_does_not_show_it(
    start_server: StartServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('data') / 'store.sqlite3'}"
    server = start_server(url, AUTH="on", ACCESS_LOG="on", LOG_LEVEL="debug")
    token = make_token(server, "back office")
    for shown in ({}, {"X-Api-Key": token}, {"Authorization": f"Bearer {token}x"}):
        answer = requests.get(server.address + "/metrics", headers=shown, timeout=20)
        assert answer.status_code == (200 if "X-Api-Key" in shown else 401)
        assert answer.headers["X-Request-ID"]
    lines = [json.loads(line) for line in server.log.splitlines()]
    reported = [line["token"] for line in lines if line.get("route") == "/metrics"]
    assert reported == [None, "back office", None]
    assert token not in server.log
    assert token.rpartition(".")[2] not in server.log
