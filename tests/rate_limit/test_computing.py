"""What requests compute is counted for their callers."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.rate_limit import computing
from tests import bounds
from tests.api.asking import message_of, save
from tests.asking_tokens import bearer, make_token
from tests.conftest import AppMaker

pytestmark = pytest.mark.attacks

#: Seconds that each request computes by the clock of these tests.
COST = 0.6


class Clock:
    """A thread's CPU time: some of it goes by between two looks."""

    def __init__(self) -> None:
        self.spent = 0.0

    def __call__(self) -> int:
        self.spent += COST
        return round(self.spent * 1e9)


@pytest.fixture(name="clock")
def cpu_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(computing, "cpu_time_ns", clock)
    return clock


@pytest.fixture(name="limited")
def limited_app(make_app: AppMaker, clock: Clock) -> Flask:
    """Provide an application in which each caller may compute for a second."""
    assert clock.spent == 0
    return make_app(ALLOW_OPEN="1", CPU_LIMIT="1/hour", RATE_LIMIT="1000/minute")


@pytest.fixture(name="caller")
def limited_client(limited: Flask) -> FlaskClient:
    """Provide a client of that application."""
    return limited.test_client()


def ask(
    client: FlaskClient, address: str = "192.0.2.1", path: str = "/signatures", **headers: str
) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    environ = {"REMOTE_ADDR": address}
    return client.get(path, headers=named, environ_base=environ, buffered=True)


def policies(response: TestResponse) -> list[str]:
    return response.headers.getlist("RateLimit-Policy")


def test_a_caller_with_too_much_computing_reads_when_to_retry(caller: FlaskClient) -> None:
    for remaining in (1, 0):
        response = ask(caller)
        assert response.status_code == 200
        assert policies(response) == ['"caller";q=1000;w=60', '"cpu";q=1;w=3600;qu="cpu-seconds"']
        _, left = response.headers.getlist("RateLimit")
        assert re.fullmatch(f'"cpu";r={remaining};t=3[56]..', left)
    response = ask(caller)
    seconds = response.headers["Retry-After"]
    assert message_of(response, 429) == (
        f"Too much computing time was used, try again in {seconds} seconds"
    )
    assert 3500 < int(seconds) <= 3600
    assert response.headers.getlist("RateLimit")[1] == f'"cpu";r=0;t={seconds}'
    assert "вычислительного времени" in message_of(ask(caller, api_locale="ru"), 429)


@pytest.mark.parametrize(
    ("path", "members"),
    [
        ("/v1/persons/x/signings", {"id", "status", "code", "title", "detail"}),
        ("/packages/x/status", {"error", "message"}),
        ("/v1/signatures/x", {"errors"}),
    ],
)
def test_each_family_refuses_in_its_own_shape(
    caller: FlaskClient, path: str, members: set[str]
) -> None:
    for _ in range(2):
        ask(caller)
    response = ask(caller, path=path)
    assert response.status_code == 429
    assert members <= set(response.get_json())
    assert int(response.headers["Retry-After"]) > 0


def test_each_caller_is_charged_for_itself(caller: FlaskClient) -> None:
    for _ in range(3):
        response = ask(caller)
    assert response.status_code == 429
    assert ask(caller, "192.0.2.2").status_code == 200


def test_a_token_is_charged_wherever_it_is_used(make_app: AppMaker, clock: Clock) -> None:
    app = make_app(AUTH="on", CPU_LIMIT="1/hour")
    client = app.test_client()
    one, other = (bearer(make_token(app, name)) for name in ("one", "other"))
    for number in range(2):
        assert ask(client, f"192.0.2.{number}", **one).status_code == 200
    assert ask(client, "192.0.2.9", **one).status_code == 429
    assert ask(client, "192.0.2.1", **other).status_code == 200
    assert clock.spent > 0


@pytest.mark.parametrize("path", ["/nothing", "/signature", "/v1/signatures/x"])
def test_what_is_refused_is_charged_too(caller: FlaskClient, path: str) -> None:
    for _ in range(2):
        assert ask(caller, path=path).status_code in (400, 404)
    assert ask(caller).status_code == 429


def test_what_is_refused_before_its_caller_is_known_is_charged_to_the_address(
    make_app: AppMaker, clock: Clock
) -> None:
    client = make_app(CPU_LIMIT="1/hour").test_client()
    for _ in range(2):
        assert ask(client, "127.0.0.1", Host="evil.example").status_code == 403
    assert ask(client, "127.0.0.1").status_code == 429
    assert clock.spent > 0


def test_those_who_run_the_server_may_always_ask(caller: FlaskClient) -> None:
    for _ in range(3):
        ask(caller)
    for path in ("/health/live", "/health/ready", "/metrics"):
        response = ask(caller, path=path)
        assert response.status_code == 200
        assert policies(response) == []


def test_a_body_is_not_read_of_who_has_nothing_left(caller: FlaskClient) -> None:
    for _ in range(2):
        ask(caller)
    read = []

    class Body:
        def read(self, _size: int = -1) -> bytes:
            read.append(True)
            return b"{}"

    environ = {"REMOTE_ADDR": "192.0.2.1", "wsgi.input": Body(), "CONTENT_LENGTH": "2"}
    response = caller.post("/cms/validate", environ_overrides=environ)
    assert response.status_code == 429
    assert read == []


def test_a_streamed_answer_is_charged_when_it_ends(caller: FlaskClient, clock: Clock) -> None:
    save(caller)
    environ = {"REMOTE_ADDR": "192.0.2.1"}
    response = caller.get("/signatures?limit=0", environ_base=environ)
    clock.spent += 5  # As it is written.
    assert ask(caller).status_code == 200
    response.close()
    assert ask(caller).status_code == 429


@pytest.mark.parametrize("settings", [{"CPU_LIMIT": "off"}, {"RATE_LIMIT": "off"}])
def test_a_limit_can_be_switched_off(make_app: AppMaker, settings: dict[str, str]) -> None:
    response = ask(make_app(**settings).test_client())
    assert not [one for one in policies(response) if "cpu" in one]


def test_computing_is_limited_also_where_requests_are_not(make_app: AppMaker, clock: Clock) -> None:
    client = make_app(ALLOW_OPEN="1", RATE_LIMIT="off", CPU_LIMIT="1/hour").test_client()
    for _ in range(2):
        assert ask(client).status_code == 200
    assert ask(client).status_code == 429
    assert clock.spent > 0


def test_verification_counts_and_waiting_does_not(make_app: AppMaker) -> None:
    app = make_app(ALLOW_OPEN="1", CPU_LIMIT="1000/hour")
    spent: list[float] = []

    def charged(request: Callable[[FlaskClient], TestResponse]) -> None:
        client = app.test_client()
        request(client).close()
        response = ask(client, "127.0.0.1")
        left = int(response.headers.getlist("RateLimit")[1].partition("r=")[2].partition(";")[0])
        spent.append(1000 - left)

    turns = app.extensions["trust"].turns
    begun = threading.Event()

    def hold() -> None:
        with turns.take():
            begun.set()
            threading.Event().wait(2.5)

    other = threading.Thread(target=hold)
    other.start()
    assert begun.wait(60)
    charged(lambda client: client.post("/cms/validate", json={"cms": "MII"}))
    other.join()
    costly = {"cms": bounds.gost_signers()}
    for _ in range(6):
        charged(lambda client: client.post("/cms/validate", json=costly))
    assert spent[0] <= 2  # 2.5 s of waiting are none.
    assert spent[-1] >= spent[0] + 1
