"""NCANODE3_PATH: the family at the root, beside the others, and below another path."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.api.ncanode3 import family_at
from tests.api.asking import content_of, save
from tests.api.ncanode3.asking import SPRING, base64
from tests.api.people import cms, ivan
from tests.conftest import AppMaker
from tests.pki import CONTENT

ENVELOPE = ["status", "message", "content"]


@pytest.fixture(name="rooted")
def app_at_the_root(start_app: AppMaker, sqlite_url: str) -> Flask:
    """Provide an application whose root the family shares."""
    return start_app(DATABASE_URL=sqlite_url, NCANODE3_PATH="/", ACCESS_LOG="on")


@pytest.fixture(name="client")
def client_of_the_root(rooted: Flask) -> FlaskClient:
    """Provide a client of it."""
    return rooted.test_client()


def test_the_shared_address_answers_in_this_family_s_format(client: FlaskClient) -> None:
    answer = client.post("/cms/extract", json={"cms": cms(ivan())}).get_json()
    assert answer == {"status": 200, "message": "OK", "data": base64(CONTENT)}
    refused = client.post("/cms/extract", json={"cms": "AA=="})
    assert list(refused.get_json()) == ["status", "message"]
    assert list(client.post("/cms/extract", json={}).get_json()) == SPRING


def test_the_other_method_stays_the_other_family_s(client: FlaskClient) -> None:
    asked: dict[str, Any] = {"cms": cms(ivan())}
    assert content_of(client.get("/cms/extract", json=asked)) == {"data": CONTENT.decode()}
    assert list(client.get("/cms/extract").get_json()) == ENVELOPE


def test_the_other_families_answer_as_before(client: FlaskClient) -> None:
    save(client, cms=cms(ivan()))
    assert client.get("/signatures").get_json()["content"]["signatures"]
    for method, path in (("POST", "/cms/validate"), ("GET", "/cms"), ("GET", "/nothing")):
        assert list(client.open(path, method=method).get_json()) == ENVELOPE
    assert "detail" in client.get("/v1/persons/x/signings/y").get_json()
    assert client.get("/health/live").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/cms/verify", 405),
        ("POST", "/xml/nothing", 404),
        ("POST", "/pdf/nothing", 404),
        ("POST", "/cms/sign/nothing", 404),
        ("GET", "/actuator/info", 404),
    ],
)
def test_its_own_beginnings_have_its_formats(
    client: FlaskClient, method: str, path: str, status: int
) -> None:
    response = client.open(path, method=method)
    assert (response.status_code, list(response.get_json())) == (status, SPRING)
    assert response.get_json()["path"] == path


def test_keys_are_refused_there_too(client: FlaskClient) -> None:
    assert client.post("/cms/sign", data=b"{").status_code == 403
    assert client.get("/actuator/health").get_json() == {"status": "UP"}


def test_the_description_has_the_addresses_that_are_served(client: FlaskClient) -> None:
    paths = client.get("/openapi.json").get_json()["paths"]
    assert not [path for path in paths if path.startswith("/ncanode3")]
    shared = paths["/cms/extract"]
    assert {method: one["operationId"] for method, one in shared.items()} == {
        "get": "extractContentByQuery",
        "post": "extractCms",
    }


def test_the_log_names_the_family_that_answered(
    client: FlaskClient, capfd: pytest.CaptureFixture[str]
) -> None:
    client.get("/cms/extract")
    client.post("/cms/extract")
    lines = [line for line in capfd.readouterr().err.splitlines() if '"/cms/extract"' in line]
    assert ['"family": "ncanode3"' in line.replace('":"', '": "') for line in lines] == [
        False,
        True,
    ]


def test_another_path(start_app: AppMaker, sqlite_url: str) -> None:
    client = start_app(DATABASE_URL=sqlite_url, NCANODE3_PATH="/sign/v3/").test_client()
    assert client.post("/sign/v3/cms/extract", json={"cms": cms(ivan())}).status_code == 200
    assert list(client.get("/sign/v3/x").get_json()) == SPRING
    assert list(client.get("/ncanode3/x").get_json()) == ENVELOPE
    assert "/sign/v3/cms/verify" in client.get("/openapi.json").get_json()["paths"]


def test_it_may_be_the_only_family(start_app: AppMaker, sqlite_url: str) -> None:
    app = start_app(DATABASE_URL=sqlite_url, FAMILIES="ncanode3", NCANODE3_PATH="/")
    client = app.test_client()
    assert client.post("/cms/extract", json={"cms": cms(ivan())}).status_code == 200
    assert client.get("/signatures").status_code == 404


def test_the_root_owns_no_address_of_others() -> None:
    owns = family_at("").owns
    assert all(map(owns, ("/cms/verify", "/cms/extract", "/cms/sign", "/xml/verify", "/jwt/x")))
    assert not any(map(owns, ("/", "/cms", "/cms/validate", "/signature", "/xml", "/docs")))
