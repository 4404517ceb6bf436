"""POST /origin: requests to the operator's NCANode server with the key, which never leaks."""

import json
import logging
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.api.ncanode.origin import client as forwarding
from tests.api.asking import content_of, message_of
from tests.asking_tokens import make_token
from tests.conftest import AppMaker

KEY = bytes(range(256))
P12 = b64encode(KEY).decode()
PASSWORD = "s3cret & пароль"
AWAY = "NCANode server can't be reached, or does not answer"
WITHHELD = "The answer of the NCANode server was withheld: it repeats the key or its password"
NOT_JSON = "NCANode server did not answer in JSON"


class Remote(ThreadingHTTPServer):
    """A NCANode server: it keeps what it was asked, and answers as the test says."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[dict[str, Any]] = []
        self.headers: dict[str, str] = {}
        self.status = 200
        self.more: dict[str, str] = {}
        self.answer: Callable[[dict[str, Any]], bytes] = lambda _: b'{"result": {"xml": "<a/>"}}'

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}/"

    def answers(
        self, body: bytes | str, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        """Answer with this from now on."""
        encoded = body.encode() if isinstance(body, str) else body
        self.answer, self.status, self.more = lambda _: encoded, status, headers or {}


class Handler(BaseHTTPRequestHandler):
    """One request to it."""

    server: Remote

    def do_POST(self) -> None:
        """Answer."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(asked)
        self.server.headers = dict(self.headers)
        body = self.server.answer(asked)
        self.send_response(self.server.status)
        for name, value in {"Content-Length": str(len(body)), **self.server.more}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


@pytest.fixture(name="remote")
def start_remote() -> Iterator[Remote]:
    """Provide a NCANode server."""
    with Remote() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(name="key")
def write_key(tmp_path: Path) -> Path:
    """Provide the operator's key."""
    path = tmp_path / "key.p12"
    path.write_bytes(KEY)
    return path


@pytest.fixture(name="keyed")
def client_with_key(start_app: AppMaker, sqlite_url: str, remote: Remote, key: Path) -> FlaskClient:
    """Provide a client of a server that has a key for that server."""
    app = start_app(
        DATABASE_URL=sqlite_url,
        NCANODE_REMOTE_URL=remote.url,
        NCANODE_KEY=str(key),
        NCANODE_PWD=PASSWORD,
        AUTH="on",
    )
    return with_token(app)


def with_token(app: Flask) -> FlaskClient:
    """Return a client of a server with AUTH=on who may ask everything."""
    client = app.test_client()
    client.environ_base["HTTP_API_KEY"] = make_token(app, "office", "admin")
    return client


def ask(client: FlaskClient, **fields: Any) -> Any:
    """Ask, and return the answer of the other server."""
    content = content_of(client.post("/origin", json={"method": "XML.sign", **fields}))
    assert list(content) == ["origin"]
    return content["origin"]


def fail(client: FlaskClient, **fields: Any) -> str:
    """Ask, and return the message about the failure, in which there is no secret."""
    response = client.post("/origin", json={"method": "XML.sign", **fields})
    assert P12 not in response.text
    assert PASSWORD not in response.text
    return message_of(response, 502)


def test_a_request_is_forwarded_with_the_key_put_in(keyed: FlaskClient, remote: Remote) -> None:
    assert ask(keyed, params={"xml": "<a/>"}) == {"result": {"xml": "<a/>"}}
    assert remote.asked == [
        {
            "method": "XML.sign",
            "version": "1.0",
            "params": {"xml": "<a/>", "p12": P12, "password": PASSWORD},
        }
    ]
    assert remote.headers["Content-Type"] == "application/json"


def test_parameters_of_the_client_take_nothing_s_place(keyed: FlaskClient, remote: Remote) -> None:
    ask(keyed, version="2.0", params={"p12": "mine", "password": "mine", "Ү": ["a", {"b": None}]})
    [asked] = remote.asked
    assert asked["version"] == "2.0"
    assert asked["params"] == {"p12": P12, "password": PASSWORD, "Ү": ["a", {"b": None}]}


@pytest.mark.parametrize("params", [None, [], {}, ""])
def test_there_need_not_be_any_parameters(keyed: FlaskClient, remote: Remote, params: Any) -> None:
    ask(keyed, params=params, version=None)
    assert remote.asked[0]["params"] == {"p12": P12, "password": PASSWORD}
    assert remote.asked[0]["version"] == "1.0"


def test_parameters_may_be_as_deep_as_json_is_read(keyed: FlaskClient, remote: Remote) -> None:
    statuses = []
    for depth in (500, 900, 950, 970, *range(975, 1000)):
        body = b'{"method": "a", "params": {"a": ' + b"[" * depth + b"]" * depth + b"}}"
        statuses.append(keyed.post("/origin", data=body).status_code)
    assert set(statuses) == {200, 400}
    assert len(remote.asked) == statuses.count(200)


@pytest.mark.parametrize("params", [["a"], "text", 1, True])
def test_parameters_are_an_object(keyed: FlaskClient, remote: Remote, params: Any) -> None:
    response = keyed.post("/origin", json={"method": "XML.sign", "params": params})
    assert message_of(response) == '"params" parameter must be an object'
    assert remote.asked == []


def test_a_method_must_be_named(keyed: FlaskClient, sqlite_client: FlaskClient) -> None:
    for client in (keyed, sqlite_client):
        assert message_of(client.post("/origin")) == '"method" parameter must be set'


def test_without_the_setting_there_is_nothing_to_ask(sqlite_client: FlaskClient) -> None:
    response = sqlite_client.post("/origin", json={"method": "NODE.info"})
    assert "NCANODE_REMOTE_URL is not set" in message_of(response, 501)


def test_without_a_key_nothing_is_put_in(
    start_app: AppMaker, sqlite_url: str, remote: Remote
) -> None:
    client = start_app(
        DATABASE_URL=sqlite_url, NCANODE_REMOTE_URL=remote.url, NCANODE_PWD=PASSWORD
    ).test_client()
    ask(client)
    ask(client, params={"p12": "mine", "password": "mine"})
    assert remote.asked[0] == {"method": "XML.sign", "version": "1.0"}
    assert remote.asked[1]["params"] == {"p12": "mine", "password": "mine"}
    remote.answers(json.dumps({"echo": "mine"}))
    assert ask(client) == {"echo": "mine"}


def test_a_key_without_a_password_is_put_in_with_an_empty_one(
    start_app: AppMaker, sqlite_url: str, remote: Remote, key: Path
) -> None:
    app = start_app(
        DATABASE_URL=sqlite_url, NCANODE_REMOTE_URL=remote.url, NCANODE_KEY=str(key), AUTH="on"
    )
    client = with_token(app)
    ask(client, params={"password": "mine"})
    assert remote.asked[0]["params"] == {"p12": P12, "password": ""}


@pytest.mark.parametrize(
    "answer",
    ['{"a": [1, 2.5, "\\u0456"]}', "[]", "null", '"text"', "123456789012345678901234567890"],
)
def test_any_json_is_handed_on(keyed: FlaskClient, remote: Remote, answer: str) -> None:
    remote.answers(answer)
    assert ask(keyed) == json.loads(answer)


@pytest.mark.parametrize("status", [200, 400, 500])
def test_a_refusal_of_the_remote_is_an_error_with_its_message(
    keyed: FlaskClient, remote: Remote, status: int
) -> None:
    remote.answers('{"status": 12, "message": "Неверный пароль"}', status)
    response = keyed.post("/origin", json={"method": "XML.sign"})
    assert message_of(response) == "NCANode server refused: Неверный пароль"


@pytest.mark.parametrize("status", [False, True, "0", None, [], 1.5])
def test_a_status_of_another_type_is_a_refusal(
    keyed: FlaskClient, remote: Remote, status: object
) -> None:
    remote.answers(json.dumps({"status": status, "message": "нет"}))
    response = keyed.post("/origin", json={"method": "XML.sign"})
    assert message_of(response) == "NCANode server refused: нет"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ('{"error": "Unauthorized"}', "401"),
        ('{"status": 0, "message": "busy", "result": {}}', "busy"),
        ("[]", "401"),
        ('{"status": 3}', "3"),
    ],
)
def test_an_error_of_http_is_a_refusal_whatever_the_body_says(
    keyed: FlaskClient, remote: Remote, answer: str, said: str
) -> None:
    remote.answers(answer, 401)
    response = keyed.post("/origin", json={"method": "XML.sign"})
    assert message_of(response) == f"NCANode server refused: {said}"


def test_a_long_refusal_is_cut(keyed: FlaskClient, remote: Remote) -> None:
    remote.answers(json.dumps({"status": -1, "message": "x" * 100_000}))
    response = keyed.post("/origin", json={"method": "XML.sign"})
    assert message_of(response) == f"NCANode server refused: {'x' * 1000}"


@pytest.mark.parametrize("status", [0, 200])
def test_of_a_success_only_the_result_is_handed_on(
    keyed: FlaskClient, remote: Remote, status: int
) -> None:
    remote.answers(json.dumps({"status": status, "message": "", "result": {"xml": "<a/>"}}))
    assert ask(keyed) == {"result": {"xml": "<a/>"}}


@pytest.mark.parametrize(
    "answer",
    [b"", b"<html>502 Bad Gateway</html>", b'{"a": ', b"\xff", b'{"a": NaN}', b"[" * 100_000],
)
def test_what_is_no_json_is_not_handed_on(
    keyed: FlaskClient, remote: Remote, answer: bytes
) -> None:
    remote.answers(answer, 502)
    assert fail(keyed) == NOT_JSON


@pytest.mark.parametrize(
    "answer",
    [
        {"params": {"p12": P12}},
        {"params": {"password": PASSWORD}},
        {PASSWORD: 1},
        ["a", [f"wrong password: {PASSWORD}!"]],
        {"request": json.dumps({"password": PASSWORD})},
        {"request": json.dumps({"p12": P12})},
        {"key": P12.rstrip("=").replace("+", "-").replace("/", "_")},
        {"key": "\n".join([P12[:76], P12[76:]])},
    ],
)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_an_answer_that_repeats_a_secret_is_withheld(
    keyed: FlaskClient,
    remote: Remote,
    answer: Any,
    ascii_only: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    remote.answers(json.dumps(answer, ensure_ascii=ascii_only))
    assert fail(keyed) == WITHHELD
    assert P12 not in caplog.text
    assert PASSWORD not in caplog.text


def test_a_secret_in_a_key_that_stands_twice_is_not_handed_on(
    keyed: FlaskClient, remote: Remote
) -> None:
    remote.answers(json.dumps({"a": PASSWORD})[:-1] + ', "a": "b"}')
    assert ask(keyed) == {"a": "b"}


def test_a_short_password_counts_only_as_a_word_of_its_own(
    start_app: AppMaker, sqlite_url: str, remote: Remote, key: Path
) -> None:
    app = start_app(
        DATABASE_URL=sqlite_url,
        NCANODE_REMOTE_URL=remote.url,
        NCANODE_KEY=str(key),
        NCANODE_PWD="123456",
        AUTH="on",
    )
    client = with_token(app)
    remote.answers('{"iin": "123456789011"}')
    assert ask(client) == {"iin": "123456789011"}
    for echo in ("123456", "wrong:\n123456", 123456, {"password=123456": 1}, "123456_"):
        remote.answers(json.dumps({"message": echo}))
        assert fail(client) == WITHHELD


@pytest.mark.attacks
def test_without_tokens_the_key_is_not_used(
    start_app: AppMaker, sqlite_url: str, remote: Remote, key: Path
) -> None:
    for more in ({}, {"ALLOW_OPEN": "1"}):
        app = start_app(
            DATABASE_URL=sqlite_url, NCANODE_REMOTE_URL=remote.url, NCANODE_KEY=str(key), **more
        )
        response = app.test_client().post("/origin", json={"method": "XML.sign"})
        assert "set AUTH=on" in message_of(response, 501)
    assert remote.asked == []


def test_a_redirect_is_not_followed(keyed: FlaskClient, remote: Remote) -> None:
    for status in (301, 302, 307, 308):
        remote.answers("{}", status, headers={"Location": remote.url})
        assert "redirect, which is not followed" in fail(keyed)
    assert len(remote.asked) == 4


def test_an_answer_has_a_limit(start_app: AppMaker, sqlite_url: str, remote: Remote) -> None:
    client = start_app(
        DATABASE_URL=sqlite_url, NCANODE_REMOTE_URL=remote.url, MAX_BODY_MB="1"
    ).test_client()
    room = 2 * 1024 * 1024
    remote.answers(b'"' + b"a" * (room - 2) + b'"')
    assert len(ask(client)) == room - 2
    remote.answers(b'"' + b"a" * (room - 1) + b'"')
    assert fail(client) == f"The answer of the NCANode server is larger than {room} bytes"


def test_a_compressed_answer_is_not_unpacked(keyed: FlaskClient, remote: Remote) -> None:
    remote.answers(b"\x1f\x8b\x08\0", headers={"Content-Encoding": "gzip"})
    assert fail(keyed) == NOT_JSON
    assert remote.headers["Accept-Encoding"] == "identity"


def test_a_remote_that_is_away_is_reported(
    start_app: AppMaker, sqlite_url: str, key: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as bound:
        port = bound.getsockname()[1]
    caplog.set_level(logging.DEBUG)
    app = start_app(
        DATABASE_URL=sqlite_url,
        NCANODE_REMOTE_URL=f"http://user:hidden@127.0.0.1:{port}/",
        NCANODE_KEY=str(key),
        NCANODE_PWD=PASSWORD,
        AUTH="on",
    )
    client = with_token(app)
    assert fail(client) == AWAY
    assert "NCANode server gave no answer: ConnectionError" in caplog.text
    assert "hidden" not in caplog.text


def hang_up(listening: socket.socket) -> None:
    """Take one connection, and say nothing."""
    connection, _ = listening.accept()
    connection.close()


def test_a_remote_that_is_silent_or_hangs_up_is_reported(
    start_app: AppMaker, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarding, "READ_TIMEOUT", 0.2)
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port = listening.getsockname()[1]
        client = start_app(
            DATABASE_URL=sqlite_url, NCANODE_REMOTE_URL=f"http://127.0.0.1:{port}/"
        ).test_client()
        assert fail(client) == AWAY
        thread = threading.Thread(target=hang_up, args=(listening,))
        thread.start()
        assert fail(client) == AWAY
        thread.join()


def test_an_answer_that_ends_early_is_none(
    keyed: FlaskClient, remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarding, "READ_TIMEOUT", 0.2)
    remote.answers(b'{"a": 1}', headers={"Content-Length": "100", "Connection": "close"})
    assert fail(keyed) in (AWAY, NOT_JSON)


@pytest.mark.slow
def test_an_answer_that_never_ends_is_given_up(
    start_app: AppMaker, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarding, "TOTAL_TIMEOUT", 1)

    def drip(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with closing(connection), suppress(OSError):
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                connection.sendall(b" ")
                time.sleep(0.05)

    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        thread = threading.Thread(target=drip, args=(listening,))
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        client = start_app(DATABASE_URL=sqlite_url, NCANODE_REMOTE_URL=url).test_client()
        assert fail(client) == "NCANode server did not answer within 1 s"
        thread.join()


def test_pieces_of_an_answer_are_put_together(keyed: FlaskClient, remote: Remote) -> None:
    chunked = b'4\r\n{"a"\r\n4\r\n: 1}\r\n0\r\n\r\n'
    remote.answers(chunked, headers={"Transfer-Encoding": "chunked"})
    assert ask(keyed) == {"a": 1}


def test_a_key_that_is_gone_is_reported(keyed: FlaskClient, remote: Remote, key: Path) -> None:
    key.unlink()
    assert fail(keyed) == "The key for the NCANode server can't be read"
    assert remote.asked == []


def test_the_environment_s_proxies_see_nothing(
    keyed: FlaskClient, remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert ask(keyed) == {"result": {"xml": "<a/>"}}
    assert len(remote.asked) == 1


def test_secrets_are_not_in_what_is_printed_of_them() -> None:
    printed = repr(forwarding.Secrets(P12, PASSWORD))
    assert P12 not in printed
    assert PASSWORD not in printed
