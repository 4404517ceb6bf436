"""Refusals in the two formats that NCANode has, and of private keys."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.store.migrations.readiness import Fault
from tests.api.ncanode3.asking import SPRING, refusal
from tests.api.people import cms, ivan
from tests.asking_tokens import bearer, make_token
from tests.conftest import AppMaker

KEYS = (
    "/cms/sign",
    "/cms/sign/add",
    "/xml/sign",
    "/wsse/sign",
    "/pdf/sign",
    "/pkcs12/info",
    "/pkcs12/aliases",
    "/jwt/encode",
)


@pytest.mark.parametrize(
    ("method", "path", "status", "name"),
    [
        ("POST", "/cms/verify", 400, "Bad Request"),
        ("GET", "/nothing", 404, "Not Found"),
        ("POST", "/tsp/create", 404, "Not Found"),
        ("GET", "/cms/verify", 405, "Method Not Allowed"),
        ("DELETE", "/actuator/health", 405, "Method Not Allowed"),
    ],
)
def test_what_the_framework_refuses_has_spring_s_format(
    sqlite_client: FlaskClient, method: str, path: str, status: int, name: str
) -> None:
    response = sqlite_client.open(f"/ncanode3{path}", method=method)
    body = response.get_json()
    assert (response.status_code, list(body)) == (status, SPRING)
    assert (body["status"], body["error"], body["path"]) == (status, name, f"/ncanode3{path}")
    assert re.fullmatch(r"[-0-9]{10}T[:0-9]{8}\.[0-9]{3}\+00:00", body["timestamp"])
    assert body["message"]


def test_a_body_of_another_type_has_spring_s_format(sqlite_client: FlaskClient) -> None:
    response = sqlite_client.post("/ncanode3/cms/verify", data=b"%PDF", content_type="image/png")
    assert (response.status_code, list(response.get_json())) == (415, SPRING)


def test_only_what_lies_below_the_path_has_these_formats(sqlite_client: FlaskClient) -> None:
    for path in ("/ncanode3", "/nothing", "/cms/verify"):
        body = sqlite_client.get(path).get_json()
        assert list(body) == ["status", "message", "content"], path


def test_json_that_can_t_be_read_is_refused_in_the_envelope(sqlite_client: FlaskClient) -> None:
    for body in (b"{", b"[]", b'{"cms": '):
        response = sqlite_client.post("/ncanode3/cms/verify", data=body, content_type="text/json")
        assert response.status_code == 400
        assert list(response.get_json()) == ["status", "message"]


@pytest.mark.attacks
@pytest.mark.parametrize("path", KEYS)
def test_a_private_key_is_refused_unread_and_unlogged(
    start_app: AppMaker, sqlite_url: str, capfd: pytest.CaptureFixture[str], path: str
) -> None:
    client = start_app(DATABASE_URL=sqlite_url, ACCESS_LOG="on", LOG_LEVEL="debug").test_client()
    secret = '{"signers":[{"key":"TUlJ-secret","password":"Qwerty12"'  # It never ends.
    response = client.post(f"/ncanode3{path}", data=secret, content_type="application/json")
    assert response.status_code == 403
    assert response.get_json() == {
        "status": 403,
        "message": "Private keys are not accepted here: sign where the key is, and send only the "
        "signature",
    }
    logged = "".join(capfd.readouterr())
    assert f"/ncanode3{path}" in logged
    assert not re.search("secret|Qwerty12|signers", logged)


def test_a_refusal_is_in_the_caller_s_language(sqlite_client: FlaskClient) -> None:
    for language, beginning in (("ru", "Закрытые ключи"), ("kk", "Жабық кілттер")):
        response = sqlite_client.post("/ncanode3/cms/sign", headers={"api-locale": language})
        assert response.get_json()["message"].startswith(beginning)
        assert response.headers["Content-Language"] == language


def test_reasons_are_in_the_caller_s_language(anchored: FlaskClient) -> None:
    asked = {"cms": cms(ivan()), "revocationCheck": ["OCSP"]}
    headers = {"Accept-Language": "ru"}
    answer = anchored.post("/ncanode3/cms/verify", json=asked, headers=headers)
    assert answer.headers["Content-Language"] == "ru"
    assert "ИВАНОВ ИВАН" in answer.get_json()["message"]
    assert "at hand" not in answer.text


def test_health_is_what_spring_boot_says(client: FlaskClient) -> None:
    response = client.get("/ncanode3/actuator/health")
    assert (response.status_code, response.text) == (200, '{"status":"UP"}')
    kind = "application/vnd.spring-boot.actuator.v3+json"
    assert response.headers["Content-Type"] == kind


@pytest.mark.parametrize(
    ("fault", "status"), [(Fault.UNREACHABLE, 503), (Fault.FULL, 200), (Fault.NOT_MIGRATED, 503)]
)
def test_a_server_that_can_t_verify_is_down(own_app: Flask, fault: Fault, status: int) -> None:
    own_app.extensions["readiness"].find_fault = lambda _engine: fault
    response = own_app.test_client().get("/ncanode3/actuator/health")
    assert response.status_code == status
    assert response.get_json() == {"status": "UP" if status == 200 else "DOWN"}


def test_a_token_that_reads_verifies_and_one_of_another_scope_does_not(make_app: AppMaker) -> None:
    app = make_app(AUTH="on")
    client = app.test_client()
    assert refusal(client, "/cms/verify", 401, cms=cms(ivan())) == "A valid access token is needed"
    for scope, status in (("read", 200), ("write", 403)):
        headers = bearer(make_token(app, scope, scope))
        response = client.post("/ncanode3/cms/verify", json={"cms": cms(ivan())}, headers=headers)
        assert response.status_code == status
    assert client.get("/ncanode3/actuator/health").status_code == 200
