"""By which numbers a person is requested, and how errors are answered."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from tests.api.asking import save
from tests.api.references import fields_of, reference
from tests.api.solaris.asking import ERROR, error_of, references
from tests.conftest import AppMaker
from tests.store.signings import IVANOV, signed_by

NUMBER = IVANOV[1]
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def test_a_person_is_found_by_a_number_with_or_without_its_kind(client: FlaskClient) -> None:
    save(client, cms=signed_by(IVANOV))
    assert references(client, NUMBER) == references(client, f"IIN{NUMBER}") == ["main"]
    assert references(client, f"BIN{NUMBER}") == references(client, "000000000000") == []


@pytest.mark.parametrize(
    "person_id",
    [
        "1",
        f"iin{NUMBER}",
        f"{NUMBER}0",
        NUMBER[:-1],
        f"IIN{NUMBER[:-1]}",
        f"IIN {NUMBER}",
        f"IINBIN{NUMBER}",
        f"{NUMBER}%00",
        f"{NUMBER}%0a",
        f"%20{NUMBER}",
        "%D9%A1" * 12,
        "%EF%BC%91" * 12,
        "%25",
        "%FF%FE",
        "dc1a6812a14f6cc338cd084208535bcdcper",
        "%27%20OR%201%3D1--",
        "9" * 5000,
    ],
)
def test_what_is_no_number_is_no_person(client: FlaskClient, person_id: str) -> None:
    error = error_of(client.get(f"/v1/persons/{person_id}/signings"), 404)
    assert (error["code"], error["title"]) == ("model_not_found", "Model Not Found")


def test_an_error_has_the_members_of_the_reference(client: FlaskClient) -> None:
    error = error_of(client.get("/v1/persons/1/signings"), 404)
    assert UUID.fullmatch(error["id"])
    assert error["id"] != error_of(client.get("/v1/persons/1/signings"), 404)["id"]
    found = reference("000")
    if found is not None:
        for part in found.split("## Response ")[2:]:
            assert list(fields_of(part)) == ERROR
        assert '"Failed to build pagination headers."' in found


def test_an_error_is_reported_in_the_client_s_language(client: FlaskClient) -> None:
    response = client.get("/v1/persons/1/signings", headers={"api-locale": "ru"})
    assert error_of(response, 404)["detail"].startswith("Такого лица нет")
    response = client.get(
        f"/v1/persons/{NUMBER}/signings?page[size]=0", headers={"api-locale": "kk"}
    )
    assert error_of(response, 400)["detail"].startswith('"page[size]"')
    assert response.headers["Content-Language"] == "kk"


def test_other_methods_and_addresses_are_answered_in_the_family_s_shape(
    client: FlaskClient,
) -> None:
    response = client.post(f"/v1/persons/{NUMBER}/signings")
    assert error_of(response, 405)["code"] == "method_not_allowed"
    assert "GET" in response.headers["Allow"]
    for address in (f"/v1/persons/{NUMBER}", f"/v1/persons/{NUMBER}/signings/1", "/v1/persons/x/y"):
        assert error_of(client.get(address), 404)["code"] == "model_not_found"


def test_an_unavailable_database_is_reported_in_the_family_s_shape(
    client: FlaskClient, engine: Engine
) -> None:
    with engine.connect() as connection:
        connection.execute(text("ALTER TABLE packages RENAME TO elsewhere"))
    try:
        response = client.get(f"/v1/persons/{NUMBER}/signings")
    finally:
        with engine.connect() as connection:
            connection.execute(text("ALTER TABLE elsewhere RENAME TO packages"))
    assert error_of(response, 503)["code"] == "service_unavailable"
    assert response.headers["Retry-After"]


def test_a_family_that_is_switched_off_is_nowhere(make_app: AppMaker) -> None:
    client = make_app(FAMILIES="ncanode").test_client()
    answer = client.get(f"/v1/persons/{NUMBER}/signings")
    assert (answer.status_code, list(answer.get_json())) == (404, ["status", "message", "content"])
