"""Whose pages may call from a browser."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.cors import headers_of_unread
from tests.api.asking import filled, message_of, save
from tests.conftest import AppMaker
from tests.test_auth import routes

OFFICE = "https://office.example.kz"
ALLOWED = "Access-Control-Allow-Origin"


@pytest.fixture(name="app")
def app_for_all_pages(make_app: AppMaker) -> Flask:
    """Provide an application that lets pages of all origins call."""
    return make_app(CORS_ORIGINS="*")


def preflight(
    client: FlaskClient, address: str = "/signature", method: str = "POST", origin: str = OFFICE
) -> TestResponse:
    headers = {"Origin": origin, "Access-Control-Request-Method": method}
    return client.options(address, headers=headers)


def words(response: TestResponse, name: str) -> set[str]:
    return {word.strip().lower() for word in response.headers[name].split(",")}


def test_every_page_may_read_every_answer(client: FlaskClient) -> None:
    for headers in ({}, {"Origin": OFFICE}):
        response = client.get("/signatures", headers=headers)
        assert response.headers[ALLOWED] == "*"
        assert "Access-Control-Allow-Credentials" not in response.headers
        assert "Origin" not in response.headers.get("Vary", "")
    exposed = "total per-page link etag retry-after ratelimit x-request-id content-disposition"
    assert words(response, "Access-Control-Expose-Headers") >= set(exposed.split())


def test_every_existing_address_answers_a_preflight(app: Flask, client: FlaskClient) -> None:
    for rule, _, address in routes(app):
        response = preflight(client, address)
        assert (response.status_code, response.data) == (204, b""), rule
        assert "Content-Type" not in response.headers
        assert response.headers[ALLOWED] == "*"
        assert words(response, "Access-Control-Allow-Methods") == {"get", "post"}
        assert int(response.headers["Access-Control-Max-Age"]) > 600
        accepted = "content-type authorization api_key x-api-key api-locale x-request-id"
        assert words(response, "Access-Control-Allow-Headers") >= set(accepted.split())


def test_an_address_that_is_not_there_answers_no_preflight(client: FlaskClient) -> None:
    response = preflight(client, "/nothing")
    message_of(response, 404)
    assert response.headers[ALLOWED] == "*"


def test_options_that_is_no_preflight_is_not_allowed(client: FlaskClient) -> None:
    for headers in ({}, {"Origin": OFFICE}, {"Access-Control-Request-Method": "POST"}):
        message_of(client.options("/signature", headers=headers), 405)


def test_a_preflight_has_neither_token_nor_limit(make_app: AppMaker) -> None:
    client = make_app(CORS_ORIGINS="*", AUTH="on", RATE_LIMIT="1 per hour").test_client()
    for _ in range(3):
        response = preflight(client)
        assert response.status_code == 204
        assert "RateLimit" not in response.headers
    assert client.get("/signatures").status_code == 401


def test_a_page_may_read_what_is_wrong(make_app: AppMaker) -> None:
    locked = make_app(CORS_ORIGINS="*", AUTH="on", MAX_BODY_MB="1")
    client = locked.test_client()
    headers = {"Origin": OFFICE}
    answers = {
        response.status_code: response
        for response in (
            client.get("/signatures", headers=headers),
            client.get("/nothing", headers=headers),
            client.put("/signature", headers=headers),
        )
    }
    assert set(answers) == {401, 404, 405}
    assert all(response.headers[ALLOWED] == "*" for response in answers.values())


def test_a_page_may_read_that_it_sent_too_much_or_called_too_often(make_app: AppMaker) -> None:
    client = make_app(CORS_ORIGINS="*", MAX_BODY_MB="1", RATE_LIMIT="1 per hour").test_client()
    for status in (413, 429):
        response = client.post("/signature", json=filled(cms="A" * 2**20))
        message_of(response, status)
        assert response.headers[ALLOWED] == "*"


def test_a_page_may_read_that_we_failed(make_app: AppMaker) -> None:
    app = make_app(CORS_ORIGINS="*")
    app.add_url_rule("/broken", view_func=lambda: str(1 // 0), endpoint="broken")
    response = app.test_client().get("/broken")
    message_of(response, 500)
    assert response.headers[ALLOWED] == "*"


def test_a_list_of_origins_lets_in_these_alone(make_app: AppMaker) -> None:
    client = make_app(CORS_ORIGINS=f"http://localhost:3000,{OFFICE}").test_client()
    save(client)
    for address, status in (("/signatures", 200), ("/nothing", 404)):
        for origin, allowed in (
            (OFFICE, OFFICE),
            ("http://localhost:3000", "http://localhost:3000"),
            (f"{OFFICE}.evil.example", None),
            ("http://office.example.kz", None),
            ("null", None),
        ):
            response = client.get(address, headers={"Origin": origin})
            is_refused = allowed is None and status == 200
            assert response.status_code == (403 if is_refused else status)
            assert response.headers.get(ALLOWED) == allowed
            assert "Origin" in response.headers["Vary"]
    assert client.get("/signatures").headers["Vary"] == "Origin"
    assert words(preflight(client), "Access-Control-Allow-Methods") == {"get", "post", "delete"}
    assert ALLOWED not in preflight(client, origin="https://evil.example").headers


def test_where_no_page_may_call_nothing_is_said(make_app: AppMaker) -> None:
    client = make_app().test_client()
    response = client.get("/signatures", headers={"Origin": OFFICE})
    message_of(response, 403)
    assert not [name for name, _ in response.headers if name.startswith("Access-Control")]
    message_of(preflight(client), 405)


def test_a_request_that_could_not_be_read_is_answered_to_pages_of_all_origins() -> None:
    assert headers_of_unread("*")[ALLOWED] == "*"
    assert headers_of_unread((OFFICE,)) == {"Vary": "Origin"}
    assert headers_of_unread(None) == {}
