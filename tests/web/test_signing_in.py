"""Sessions of the office: begun with a token, opened by a cookie, ended with the token."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import sessions
from app.auth import REQUIREMENTS
from app.extensions import db
from app.store.database.engine import transaction
from app.store.tokens import create_token, list_in_force, revoke_token, rotate_token
from tests.api.asking import message_of
from tests.asking_tokens import make_token
from tests.conftest import AppMaker
from tests.web.browsing import ACCEPT, ORIGIN, see, send, sign_in, text_of, words

COOKIE = "tanbahana_session"


@pytest.fixture(name="browser")
def signed_in(locked: Flask) -> FlaskClient:
    """Return a browser in which a reader has signed in."""
    client = locked.test_client()
    sign_in(client, make_token(locked, "reader", "read"))
    return client


def test_who_needs_a_token_is_sent_to_sign_in_and_comes_back(locked: Flask) -> None:
    client = locked.test_client()
    response = client.get("/app?lang=ru&tag=a%26b", headers={"Accept": ACCEPT})
    assert response.status_code == 303
    place = response.headers["Location"]
    assert place.startswith("/app/sign-in?")
    html = see(client, place)
    assert "Вход" in html
    sent = send(client, place, {"token": make_token(locked, "reader", "read")})
    assert sent.headers["Location"] == "/app?lang=ru&tag=a%26b"
    assert "reader" in words(see(client, sent.headers["Location"]))


@pytest.mark.parametrize(
    "back", ["//evil.kz", "https://evil.kz/app", "/application", "/app/\\\\evil", "/app/\n", ""]
)
def test_nobody_is_sent_elsewhere(locked: Flask, back: str) -> None:
    client = locked.test_client()
    see(client, "/app/sign-in")
    token = make_token(locked, "reader", "read")
    response = client.post(
        "/app/sign-in",
        query_string={"back": back},
        data={"token": token, "form_token": client.get_cookie("tanbahana_form").value},  # type: ignore[union-attr]  # it is there
        headers={"Origin": ORIGIN},
    )
    assert (response.status_code, response.headers["Location"]) == (303, "/app")


def test_without_a_session_no_page_of_the_office_opens(locked: Flask) -> None:
    client = locked.test_client()
    asked = 0
    for rule in locked.url_map.iter_rules():
        view = locked.view_functions[rule.endpoint]
        if not rule.endpoint.startswith(sessions.PAGES) or REQUIREMENTS[view] is None:
            continue
        for method in (rule.methods or set()) - {"OPTIONS"}:
            response = client.open(rule.rule, method=method)
            assert response.status_code == 401, rule
            response = client.open(rule.rule, method=method, headers={"Accept": ACCEPT})
            assert response.status_code == 303, rule
            asked += 1
    assert asked >= 2


def test_the_cookie_is_for_this_server_and_its_pages_alone(browser: FlaskClient) -> None:
    cookie = browser.get_cookie(COOKIE)
    assert cookie is not None
    assert cookie.http_only
    assert cookie.same_site == "Strict"
    assert not cookie.secure
    assert "reader" in see(browser, "/app")
    # The API doesn't know it.
    assert message_of(browser.get("/signatures"), 401)


def test_where_the_office_has_no_page_its_menu_is_still_there(
    browser: FlaskClient, locked: Flask
) -> None:
    html = see(browser, "/app/nothing", 404)
    assert "reader" in words(html)
    assert 'href="/app"' in html
    assert "Sign out" in words(html)
    assert "Sign out" not in words(see(locked.test_client(), "/app/nothing", 404))
    assert message_of(browser.get("/nothing"), 404)


def test_over_https_the_cookie_is_secure_and_the_host_s_own(
    start_app: AppMaker, sqlite_url: str
) -> None:
    app = start_app(DATABASE_URL=sqlite_url, AUTH="on", PUBLIC_URL="https://localhost")
    client = app.test_client()
    see(client, "/app/sign-in")
    token = make_token(app, "reader", "read")
    fields = {"token": token}
    known = client.get_cookie("__Host-tanbahana_form")
    # The client knows nothing of a proxy, and sends no secure cookie by http.
    assert known is not None
    response = client.post(
        "/app/sign-in",
        data={**fields, "form_token": known.value},
        headers={"Origin": "https://localhost", "Cookie": f"{known.key}={known.value}"},
    )
    written = response.headers["Set-Cookie"]
    assert written.startswith("__Host-tanbahana_session=")
    assert all(
        part in written for part in ("; Secure", "; HttpOnly", "; Path=/", "SameSite=Strict")
    )


def test_a_revoked_token_ends_the_session_at_once(locked: Flask, browser: FlaskClient) -> None:
    see(browser, "/app")
    with locked.app_context(), transaction(db.engine) as connection:
        revoke_token(connection, "reader")
    assert browser.get("/app", headers={"Accept": ACCEPT}).status_code == 303


def test_a_rotated_token_ends_it_when_the_former_secret_ends(
    locked: Flask, browser: FlaskClient
) -> None:
    with locked.app_context(), transaction(db.engine) as connection:
        rotate_token(connection, "reader", datetime.now(UTC) + timedelta(hours=1))
    see(browser, "/app")
    with locked.app_context(), transaction(db.engine) as connection:
        rotate_token(connection, "reader")
    assert browser.get("/app").status_code == 401


def test_a_session_ends_with_its_token_if_that_is_earlier(locked: Flask) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=5)
    with locked.app_context():
        with transaction(db.engine) as connection:
            create_token(connection, "short", ["read"], expires_at=soon)
            [bearer] = list_in_force(connection).values()
        with locked.test_request_context():
            value = sessions.write_session(bearer)
            assert sessions.find_bearer_of(value) == bearer
    assert int(value.split(".")[1]) == int(soon.timestamp())


@pytest.mark.parametrize("place", [0, 20, -1])
def test_an_altered_session_opens_nothing(browser: FlaskClient, place: int) -> None:
    cookie = browser.get_cookie(COOKIE)
    assert cookie is not None
    letters = list(cookie.value)
    letters[place] = "1" if letters[place] == "0" else "0"
    browser.set_cookie(COOKIE, "".join(letters))
    assert browser.get("/app").status_code == 401
    browser.set_cookie(COOKIE, "nonsense")
    assert browser.get("/app").status_code == 401


def test_another_secret_key_ends_all_sessions(start_app: AppMaker, sqlite_url: str) -> None:
    env = {"DATABASE_URL": sqlite_url, "AUTH": "on"}
    app = start_app(**env, SECRET_KEY="a" * 32)
    client = app.test_client()
    sign_in(client, make_token(app, "reader", "read"))
    cookie = client.get_cookie(COOKIE)
    assert cookie is not None
    other = start_app(**env, SECRET_KEY="b" * 32).test_client()
    other.set_cookie(COOKIE, cookie.value)
    assert other.get("/app").status_code == 401
    same = start_app(**env, SECRET_KEY="a" * 32).test_client()
    same.set_cookie(COOKIE, cookie.value)
    assert same.get("/app").status_code == 200


def test_a_wrong_token_and_one_that_may_not_read_are_refused(locked: Flask) -> None:
    client = locked.test_client()
    see(client, "/app/sign-in")
    wrong = text_of(send(client, "/app/sign-in", {"token": "qol_0_0"}), 403)
    assert "not valid" in wrong
    writer = make_token(locked, "writer", "write")
    assert "may not read" in text_of(send(client, "/app/sign-in", {"token": writer}), 403)
    assert writer not in wrong


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.kz"},
        {"Origin": "null"},
        {"Origin": "", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_form_of_another_site_is_refused(locked: Flask, headers: dict[str, str]) -> None:
    client = locked.test_client()
    see(client, "/app/sign-in")
    token = make_token(locked, "reader", "read")
    assert send(client, "/app/sign-in", {"token": token}, **headers).status_code == 403


def test_a_form_without_its_value_is_refused(locked: Flask) -> None:
    client = locked.test_client()
    token = make_token(locked, "reader", "read")
    assert send(client, "/app/sign-in", {"token": token}).status_code == 403
    see(client, "/app/sign-in")
    response = send(client, "/app/sign-in", {"token": token, "form_token": "0" * 32})
    assert response.status_code == 403


def test_who_signs_out_is_out(browser: FlaskClient) -> None:
    see(browser, "/app")
    assert send(browser, "/app/sign-out", {}).status_code == 303
    assert browser.get("/app").status_code == 401


def test_without_tokens_nobody_signs_in_and_pages_open_on_loopback_alone(
    pages: FlaskClient,
) -> None:
    see(pages, "/app/sign-in", 404)
    see(pages, "/app")
    see(pages, "/app", 403, Host="store.example.kz")
    see(pages, "/app", 403, **{"X-Forwarded-For": "10.0.0.1"})
    see(pages, "/verify", 200, Host="store.example.kz")
