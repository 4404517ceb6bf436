"""A thread by its public id, as JSON."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, select, update
from werkzeug.test import TestResponse

from app.extensions import db
from app.store.models import Signature, Version
from tests import pki
from tests.api import people
from tests.api.asking import JSON, filled, save
from tests.api.people import chief, ivan
from tests.api.references import reference, types_of
from tests.api.test_times import set_moment
from tests.conftest import AppMaker
from tests.pki import SIGNING_TIME, Revoked
from tests.store.packages import put_package
from tests.store.signings import IVANOV, PETROVA, signed_by
from tests.store.test_statements import counted_statements

IVAN, ANNA = ({"iin": person[1]} for person in (IVANOV, PETROVA))
#: Members of the reference. The price of a signature is unknown here.
MEMBERS = {
    "id": str,
    "name": str,
    "status": str,
    "created_at": str,
    "updated_at": str,
    "key": str,
    "items": int,
    "method": str,
    "merge": bool,
    "cost": type(None),
    "locale": str,
}


@pytest.fixture(name="trusting")
def client_of_a_trusting_server(make_app: AppMaker, trust_folder: Path) -> FlaskClient:
    """Provide a client of a server that trusts the authority."""
    return make_app(TRUST_DIR=str(trust_folder)).test_client()


def id_of(engine: Engine, document: str = "doc", thread: str = "main") -> str:
    """Return the public id of a thread."""
    mine = (Signature.document == document, Signature.thread == thread)
    with engine.connect() as connection:
        return str(connection.execute(select(Signature.public_id).where(*mine)).scalar_one())


def described(client: FlaskClient, engine: Engine) -> dict[str, Any]:
    """Save nothing, and describe the only thread."""
    response = client.get(f"/v1/signatures/{id_of(engine)}")
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == JSON
    found: dict[str, Any] = response.get_json()
    return found


def error_of(response: TestResponse, status: int) -> dict[str, str]:
    """Return an error, whose shape is checked."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == JSON
    answer = response.get_json()
    assert list(answer) == ["errors"]
    (error,) = answer["errors"]
    assert list(error) == ["status", "title", "detail"]
    assert error["status"] == str(status)
    found: dict[str, str] = error
    return found


def test_every_member_of_the_reference_is_there_with_its_type(
    client: FlaskClient, engine: Engine
) -> None:
    save(client, cms=signed_by(IVANOV))
    found = described(client, engine)
    assert list(found) == list(MEMBERS)
    assert types_of(found) == MEMBERS
    text = reference("004")
    if text is not None:
        decoder = json.JSONDecoder()
        for place in (at for at, sign in enumerate(text) if sign == "{" and text[at + 1] == "\n"):
            example = types_of(decoder.raw_decode(text, place)[0])
            assert example.pop("cost") in (int, float)
            assert example.items() <= types_of(found).items()


def test_a_thread_is_described(client: FlaskClient, engine: Engine) -> None:
    save(client, cms=signed_by(IVANOV))
    set_moment(engine, datetime(2026, 5, 17, 10, 0, 0, 900000, tzinfo=UTC))
    public_id = id_of(engine)
    expected = {
        "id": public_id,
        "name": "doc",
        "status": "completed",
        "created_at": "2026-05-17T10:00:00Z",
        "updated_at": "2026-05-17T10:00:00Z",
        "key": "doc/main",
        "items": 1,
        "method": "electronic",
        "merge": False,
        "cost": None,
        "locale": "en",
    }
    for address in (f"/v1/signatures/{public_id}", f"/signatures/{public_id.upper()}"):
        response = client.get(address)
        assert response.get_json() == expected
        assert response.headers["Cache-Control"] == "private, no-store"
        assert response.headers["Vary"] == "Accept"
        head = client.head(address)
        assert (head.status_code, head.data) == (200, b"")
        assert head.headers["Content-Length"] == response.headers["Content-Length"]


def test_the_locale_is_that_of_the_setting(make_app: AppMaker, engine: Engine) -> None:
    client = make_app(LOCALE="kk").test_client()
    save(client)
    assert described(client, engine)["locale"] == "kk"


def test_a_renewed_certificate_is_no_second_person(client: FlaskClient, engine: Engine) -> None:
    both = [
        pki.certify(pki.name("SMITH JOHN"), pki.rsa_key(key), pki.authority(), pki.PERSON)
        for key in ("first", "second")
    ]
    save(client, cms=people.cms(*both))
    assert described(client, engine)["merge"] is False


def test_a_version_with_several_signers_is_merged(client: FlaskClient, engine: Engine) -> None:
    save(client, cms=signed_by(IVANOV, PETROVA))
    assert described(client, engine)["merge"] is True
    again = filled(cms=signed_by(IVANOV), version=1)
    assert client.post("/signature", json=again).status_code == 201
    assert described(client, engine)["merge"] is False


def test_a_package_reports_name_items_and_how_far_it_is(
    client: FlaskClient, engine: Engine
) -> None:
    put_package(engine, ("other", "doc"), (IVAN, ANNA))
    save(client, cms=signed_by(IVANOV))
    found = described(client, engine)
    assert (found["name"], found["items"]) == ("name of doc", 2)
    assert found["status"] == "pending"
    save(client, cms=signed_by(IVANOV, PETROVA), version=1)
    assert described(client, engine)["status"] == "completed"
    put_package(engine, ("doc",), (IVAN,), rescinded_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert described(client, engine)["status"] == "declined"


def test_a_draft_demands_nothing_yet(client: FlaskClient, engine: Engine) -> None:
    put_package(engine, ("other", "doc"), (IVAN, ANNA), opened_at=None)
    save(client, cms=signed_by(IVANOV))
    found = described(client, engine)
    assert (found["name"], found["items"], found["status"]) == ("doc", 1, "completed")


@pytest.mark.parametrize("attached", [True, False])
def test_what_reaches_an_anchor_is_qualified(
    trusting: FlaskClient, engine: Engine, attached: bool
) -> None:
    save(trusting, cms=people.cms(ivan(), chief(), attached=attached))
    assert described(trusting, engine)["method"] == "qualified"


def test_what_has_zero_bytes_behind_it_is_read_as_well(
    trusting: FlaskClient, engine: Engine
) -> None:
    save(trusting, cms=people.cms(ivan()))
    padded = b64encode(b64decode(people.cms(ivan())) + bytes(9)).decode()
    with engine.connect() as connection:
        connection.execute(update(Version).values(cms=padded))
    assert described(trusting, engine)["method"] == "qualified"


def test_what_reaches_none_is_electronic(
    trusting: FlaskClient, client: FlaskClient, engine: Engine
) -> None:
    save(client, cms=people.cms(ivan()))
    assert described(client, engine)["method"] == "electronic"
    assert described(trusting, engine)["method"] == "electronic"  # It was not verified since.
    result = trusting.application.test_cli_runner().invoke(args=["signers", "verify"])
    assert result.exit_code == 0, result.output
    assert described(trusting, engine)["method"] == "qualified"
    save(client, cms=people.cms(chief(), people.impostor()), version=1)
    assert described(trusting, engine)["method"] == "electronic"


@pytest.mark.parametrize("cms", [people.forged_cms, people.altered_cms])
def test_what_was_altered_is_electronic(trusting: FlaskClient, engine: Engine, cms: Any) -> None:
    save(trusting, cms=cms(ivan()))
    assert described(trusting, engine)["method"] == "electronic"


def test_who_was_revoked_is_not_qualified(
    trusting: FlaskClient, engine: Engine, trust_folder: Path
) -> None:
    people.publish(trust_folder, Revoked(ivan().serial, SIGNING_TIME))
    save(trusting, cms=people.cms(ivan()))
    assert described(trusting, engine)["method"] == "electronic"


def test_text_that_is_no_signature_is_electronic(
    make_app: AppMaker, engine: Engine, trust_folder: Path
) -> None:
    client = make_app(CMS_VALIDATION="off", TRUST_DIR=str(trust_folder)).test_client()
    save(client, cms="anything")
    found = described(client, engine)
    assert (found["method"], found["merge"]) == ("electronic", False)


def test_an_xml_signature_is_described(client: FlaskClient, engine: Engine) -> None:
    save(client, cms=pki.sign_xml())
    assert described(client, engine)["status"] == "completed"


def test_a_description_is_a_constant_number_of_statements(
    make_app: AppMaker, engine: Engine
) -> None:
    client = make_app().test_client()
    save(client, cms=signed_by(IVANOV))
    put_package(engine, ("doc",), (IVAN,))
    with counted_statements_of(client) as few:
        described(client, engine)
    put_package(engine, ("doc", *map(str, range(50))), tuple([IVAN] * 50))
    with counted_statements_of(client) as many:
        described(client, engine)
    assert len(few) == len(many) == 2


def counted_statements_of(client: FlaskClient) -> Any:
    """Note every statement that an application sends to its database."""
    with client.application.app_context():
        return counted_statements(db.engine)


@pytest.mark.parametrize(
    "public_id",
    [
        "1",
        "00000000-0000-4000-8000-000000000000",
        "9cbee0f8-2b3a-436a-b97d-59bcbd12f90a",
        "{00000000-0000-4000-8000-000000000000}",
        "urn:uuid:00000000-0000-4000-8000-000000000000",
        "00000000000040008000000000000000",
        "00000000-0000-4000-8000-00000000000%00",
        "%D9%A0%D9%A0000000-0000-4000-8000-000000000000",
        "00000000-0000-4000-8000-000000000000%0a",
        "%27%20OR%201%3D1",
        "a" * 5000,
        "%FF%FE",
    ],
)
def test_what_is_no_thread_s_id_is_not_found(client: FlaskClient, public_id: str) -> None:
    for address in (f"/v1/signatures/{public_id}", f"/signatures/{public_id}"):
        error = error_of(client.get(address), 404)
        assert (error["title"], error["detail"]) == ("Not Found", "Signature was not found")
        octets = {"Accept": "application/octet-stream"}
        error_of(client.get(address, headers=octets), 404)


def test_an_error_is_reported_in_the_client_s_language(client: FlaskClient) -> None:
    response = client.get("/signatures/1", headers={"api-locale": "ru"})
    assert error_of(response, 404)["detail"] == "Подпись не найдена"


def test_other_methods_and_addresses_are_answered_in_the_family_s_shape(
    client: FlaskClient,
) -> None:
    for prefix in ("", "/v1"):
        error_of(client.post(f"{prefix}/signatures/1"), 405)
        error_of(client.get(f"{prefix}/signatures/1/more"), 404)
