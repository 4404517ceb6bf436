"""Requests of one application, counted and refused."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.rate_limit.callers import address_key
from tests.api.asking import message_of
from tests.asking_tokens import bearer, make_token
from tests.conftest import AppMaker

FIELDS = (
    "RateLimit-Policy",
    "RateLimit",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
)


@pytest.fixture(name="limited")
def limited_app(make_app: AppMaker) -> Flask:
    """Provide an application that answers each caller three times a minute."""
    return make_app(ALLOW_OPEN="1", RATE_LIMIT="3/minute")


@pytest.fixture(name="caller")
def limited_client(limited: Flask) -> FlaskClient:
    """Provide a client of that application."""
    return limited.test_client()


def ask(
    client: FlaskClient,
    address: str = "192.0.2.1",
    path: str = "/signatures",
    **headers: str,
) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get(path, headers=named, environ_base={"REMOTE_ADDR": address})


def test_every_answer_says_how_much_is_left(caller: FlaskClient) -> None:
    for remaining, path in ((2, "/signatures"), (1, "/nothing"), (0, "/signature")):
        response = ask(caller, path=path)
        assert response.headers["RateLimit-Policy"] == '"caller";q=3;w=60'
        seconds = int(response.headers["RateLimit-Reset"])
        assert 0 < seconds <= 60
        assert response.headers["RateLimit"] == f'"caller";r={remaining};t={seconds}'
        assert response.headers["RateLimit-Limit"] == "3"
        assert response.headers["RateLimit-Remaining"] == str(remaining)
        assert "Retry-After" not in response.headers


def test_a_caller_with_too_many_requests_reads_when_to_retry(caller: FlaskClient) -> None:
    for _ in range(3):
        assert ask(caller).status_code == 200
    response = ask(caller)
    message = message_of(response, 429)
    seconds = response.headers["Retry-After"]
    assert message == f"Too many requests, try again in {seconds} seconds"
    assert 0 < int(seconds) <= 60
    assert response.headers["RateLimit"] == f'"caller";r=0;t={seconds}'
    assert "слишком много" in message_of(ask(caller, api_locale="ru"), 429).lower()


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
    for _ in range(3):
        ask(caller)
    response = ask(caller, path=path)
    assert response.status_code == 429
    assert members <= set(response.get_json())
    assert int(response.headers["Retry-After"]) > 0


def test_each_address_is_counted_for_itself(caller: FlaskClient) -> None:
    for _ in range(4):
        response = ask(caller)
    assert response.status_code == 429
    assert ask(caller, "192.0.2.2").status_code == 200


def test_those_who_run_the_server_may_always_ask(caller: FlaskClient) -> None:
    for _ in range(4):
        ask(caller)
    for path in ("/health/live", "/health/ready", "/metrics"):
        response = ask(caller, path=path)
        assert response.status_code == 200
        assert not [name for name in FIELDS if name in response.headers]


def test_a_limit_can_be_switched_off(make_app: AppMaker) -> None:
    response = ask(make_app(RATE_LIMIT="off").test_client())
    assert not [name for name in FIELDS if name in response.headers]


def test_a_token_is_counted_wherever_it_is_used(make_app: AppMaker) -> None:
    app = make_app(AUTH="on", RATE_LIMIT="3/minute")
    client = app.test_client()
    one, other = (bearer(make_token(app, name)) for name in ("one", "other"))
    for number in range(3):
        assert ask(client, f"192.0.2.{number}", **one).status_code == 200
    assert ask(client, "192.0.2.9", **one).status_code == 429
    assert ask(client, "192.0.2.1", **other).status_code == 200


def test_a_wrong_token_counts_for_the_address(make_app: AppMaker) -> None:
    app = make_app(AUTH="on", RATE_LIMIT="3/minute")
    client = app.test_client()
    token = bearer(make_token(app))
    for number in range(3):
        assert ask(client, **bearer(f"guess {number}")).status_code == 401
    assert ask(client, **bearer("one more")).status_code == 429
    assert ask(client).status_code == 429
    # A caller with a token is not locked out by guesses from the same address.
    assert ask(client, **token).status_code == 200


# --- proxies ----------------------------------------------------------------------------------


@pytest.mark.parametrize("forwarded", ["198.51.100.7", "198.51.100.7, 198.51.100.8"])
def test_what_is_said_of_the_client_counts_for_nothing_without_proxies(
    caller: FlaskClient, forwarded: str
) -> None:
    for number in range(3):
        ask(caller, X_Forwarded_For=f"198.51.100.{number}")
    assert ask(caller, X_Forwarded_For=forwarded).status_code == 429


@pytest.mark.parametrize("proxies", [1, 2])
def test_behind_proxies_the_address_that_they_saw_counts(make_app: AppMaker, proxies: int) -> None:
    client = make_app(
        ALLOW_OPEN="1", RATE_LIMIT="3/minute", TRUSTED_PROXIES=str(proxies)
    ).test_client()
    behind = ", 203.0.113.1" * (proxies - 1)
    for number in range(3):
        # What the client itself sent stands before what the proxies added.
        forged = f"198.51.100.{number}, 192.0.2.50{behind}"
        assert ask(client, X_Forwarded_For=forged).status_code == 200
    assert ask(client, X_Forwarded_For=f"192.0.2.50{behind}").status_code == 429
    assert ask(client, X_Forwarded_For=f"192.0.2.51{behind}").status_code == 200


def test_a_proxy_says_nothing_of_the_address_of_this_server(make_app: AppMaker) -> None:
    app = make_app(ALLOW_OPEN="1", TRUSTED_PROXIES="1", PUBLIC_URL="https://store.example.kz")
    headers = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/evil"}
    response = app.test_client().get("/v1/persons/900101300017/signings", headers=headers)
    assert response.status_code == 200
    assert not re.search("evil", str(response.headers) + response.text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("192.0.2.1", "192.0.2.1:50000"),
        ("192.0.2.1", " 192.0.2.1"),
        ("192.0.2.1", "::ffff:192.0.2.1"),
        ("2001:db8::1", "2001:db8::ffff:1"),
        ("2001:db8::1", "[2001:db8::2]:443"),
    ],
)
def test_these_are_one_caller(one: str, other: str) -> None:
    assert address_key(one) == address_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("192.0.2.1", "192.0.2.2"),
        ("2001:db8::1", "2001:db8:0:1::1"),
        ("unix", ""),
        ("unknown", "_hidden"),
    ],
)
def test_these_are_two_callers(one: str, other: str) -> None:
    assert address_key(one) != address_key(other)
