"""What is refused when a package is added, and that nothing is left of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.extensions import db
from app.store.models import Package, PackageDocument, PackageSigner
from tests.api.iinked.asking import ANNA, FUTURE, IVAN, add, package, post, refusal, status

CODES = {
    "package_add_no_documents",
    "package_add_no_signers",
    "package_invalid_state",
    "package_invalid_time_sign_by",
    "package_invalid_type",
    "package_length_name",
    "invalid_request",
}


def stored(app: Flask) -> list[int]:
    """Count the rows of packages, their documents and their signers."""
    with app.app_context(), db.engine.connect() as connection:
        return [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (Package, PackageDocument, PackageSigner)
        ]


def refuse(app: Flask, **fields: Any) -> tuple[str, str]:
    """Try to add, and return the code and the sentence of the refusal."""
    found = refusal(app.test_client().post("/packages/add", json=package(**fields)))
    assert stored(app) == [0, 0, 0]
    return found


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("package_length_name", {"name": None}),
        ("package_length_name", {"name": "  "}),
        ("package_length_name", {"name": "x" * 256}),
        ("package_invalid_type", {"type": None}),
        ("package_invalid_type", {"type": "sequential"}),
        ("package_invalid_type", {"type": "Concurrent"}),
        ("package_invalid_type", {"type": "video_closing_room"}),
        ("package_invalid_type", {"type": "Live Session"}),
        ("package_invalid_type", {"type": ["concurrent"]}),
        ("package_invalid_state", {"state": "executed"}),
        ("package_invalid_state", {"state": "Open"}),
        ("package_invalid_state", {"state": {"open": 1}}),
        ("package_invalid_time_sign_by", {"timeSignBy": "2020-01-01T00:00:00Z"}),
        ("package_invalid_time_sign_by", {"timeSignBy": "2020-01-01"}),
        ("package_invalid_time_sign_by", {"timeSignBy": "tomorrow"}),
        ("package_invalid_time_sign_by", {"timeSignBy": "0001-01-01T00:00:00+05:00"}),
        ("package_invalid_time_sign_by", {"timeSignBy": ["2999-01-01"]}),
        ("package_invalid_time_sign_by", {"timeSignBy": True}),
        ("package_add_no_documents", {"documents": None}),
        ("package_add_no_documents", {"documents": []}),
        ("package_add_no_signers", {"signers": None}),
        ("package_add_no_signers", {"signers": []}),
    ],
)
def test_what_the_family_has_a_code_for_is_reported_by_it(
    sqlite_app: Flask, code: str, fields: dict[str, Any]
) -> None:
    found, message = refuse(sqlite_app, **fields)
    assert found == code
    assert f'"{next(iter(fields))}" parameter' in message


DOCUMENT = {"externalId": "doc"}


@pytest.mark.parametrize(
    ("place", "fields"),
    [
        ("documents", {"documents": "doc"}),
        ("documents", {"documents": {"first": DOCUMENT}}),
        ("documents[0]", {"documents": ["doc"]}),
        ("documents[1]", {"documents": [DOCUMENT, None]}),
        ("documents[0].externalId", {"documents": [{}]}),
        ("documents[0].externalId", {"documents": [{"externalId": " "}]}),
        ("documents[0].externalId", {"documents": [{"externalId": ["doc"]}]}),
        ("documents[0].externalId", {"documents": [{"externalId": "x" * 256}]}),
        ("documents[0].externalId", {"documents": [{"externalId": "a\0b"}]}),
        ("documents[0].externalId", {"documents": [{"externalId": "\ud800"}]}),
        ("documents[1].externalId", {"documents": [DOCUMENT, {"externalId": " doc "}]}),
        ("documents[0].name", {"documents": [{**DOCUMENT, "name": "x" * 256}]}),
        ("documents[0].fileName", {"documents": [{**DOCUMENT, "fileName": {}}]}),
        ("documents[0].order", {"documents": [{**DOCUMENT, "order": "first"}]}),
        ("documents[0].order", {"documents": [{**DOCUMENT, "order": -1}]}),
        ("documents[0].order", {"documents": [{**DOCUMENT, "order": 1.5}]}),
        ("documents[0].order", {"documents": [{**DOCUMENT, "order": 2**31}]}),
        ("documents", {"documents": [{"externalId": str(n)} for n in range(201)]}),
        ("signers", {"signers": 5}),
        ("signers", {"signers": [IVAN] * 51}),
        ("signers[0]", {"signers": [[]]}),
        ("signers[1]", {"signers": [IVAN, {"firstName": "A", "email": "a@b.kz"}]}),
        ("signers[0].iin", {"signers": [{"iin": "12345"}]}),
        ("signers[0].iin", {"signers": [{"iin": "IIN900101300017"}]}),
        ("signers[0].bin", {"signers": [{"bin": "05014000123x"}]}),
        ("signers[0].role", {"signers": [{**IVAN, "role": "director"}]}),
        ("signers[0].role", {"signers": [{**IVAN, "role": 1.5}]}),
        ("signers[0].firstName", {"signers": [{**IVAN, "firstName": ["Иван"]}]}),
        ("signers[0].email", {"signers": [{**IVAN, "email": "x" * 256}]}),
        ("signers[0].mobileNumber", {"signers": [{**IVAN, "mobileNumber": False}]}),
        ("name", {"name": ["a"]}),
        ("name", {"name": "a\0"}),
        ("thread", {"thread": "x" * 256}),
        ("thread", {"thread": {}}),
        (
            "thread",
            {"thread": "ё" * 41, "documents": [{"externalId": str(n)} for n in range(200)]},
        ),
        ("generateSignerLinks", {"generateSignerLinks": "perhaps"}),
        ("generateSignerLinks", {"generateSignerLinks": []}),
        ("externalData", {"externalData": "text"}),
        ("externalData", {"externalData": [1]}),
        ("externalData", {"externalData": {"a": "x" * 65_536}}),
        ("externalData", {"externalData": {"a": 2**64}}),
        ("externalData", {"externalData": {"\ud800": 1}}),
    ],
)
def test_what_can_t_be_used_is_named(sqlite_app: Flask, place: str, fields: dict[str, Any]) -> None:
    code, message = refuse(sqlite_app, **fields)
    assert code == "invalid_request"
    assert message.startswith(f'"{place}" parameter ')


def test_a_name_of_255_characters_is_taken(sqlite_client: FlaskClient) -> None:
    public_id = add(sqlite_client, name="Я" * 255)
    assert status(sqlite_client, public_id)["name"] == "Я" * 255


@pytest.mark.parametrize("deep", [300, 5_000, 90_000])
def test_deep_json_is_refused(sqlite_app: Flask, deep: int) -> None:
    nested = '{"a":' * deep + "1" + "}" * deep
    body = json.dumps(package()).rstrip("}") + f', "externalData": {nested}}}'
    response = sqlite_app.test_client().post("/packages/add", data=body)
    assert refusal(response)[0] == "invalid_request"
    assert stored(sqlite_app) == [0, 0, 0]


@pytest.mark.parametrize("number", ["1e400", "NaN", "Infinity", "9" * 5000])
def test_a_number_that_is_none_is_refused(sqlite_app: Flask, number: str) -> None:
    body = json.dumps(package()).rstrip("}") + f', "externalData": {{"a": {number}}}}}'
    response = sqlite_app.test_client().post("/packages/add", data=body)
    assert refusal(response)[0] == "invalid_request"


def test_very_long_lists_are_refused(sqlite_app: Flask) -> None:
    code, message = refuse(sqlite_app, documents=[DOCUMENT] * 40_000)
    assert (code, message) == (
        "invalid_request",
        '"documents" parameter must have at most 200 items',
    )
    code, message = refuse(sqlite_app, signers=[1] * 200_000)
    assert "more than 100000 JSON values" in message


#: One of every type.
VALUES: tuple[Any, ...] = (
    True,
    False,
    0,
    -1,
    1.5,
    "",
    "\0",
    "x" * 10_000,
    [],
    [[]],
    {},
    {"a": []},
    [None],
)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:20])
def test_no_value_of_any_field_is_an_inner_error(sqlite_client: FlaskClient, value: Any) -> None:
    names = [*package(), "timeSignBy", "externalData", "generateSignerLinks"]
    tried = [package(**{name: value}) for name in names]
    tried += [package(documents=[{**DOCUMENT, key: value}]) for key in ("externalId", "order")]
    tried += [package(signers=[{**IVAN, key: value}]) for key in ("iin", "order", "role")]
    tried += [package(documents=[value]), package(signers=[value])]
    for given in tried:
        response = sqlite_client.post("/packages/add", json=given)
        assert response.status_code in (200, 400), given
        if response.status_code == 400:
            assert refusal(response)[0] in CODES
    for action in ("send", "rescind", "delete"):
        response = sqlite_client.post(f"/packages/{action}", json={"packageId": value})
        assert response.status_code in (400, 404)
    for name in ("states", "types", "search", "isExecuted", "sortBy", "skip", "take"):
        response = sqlite_client.post("/packages/list", json={name: value})
        assert response.status_code in (200, 400), name


def test_a_role_is_taken_in_small_letters(sqlite_client: FlaskClient) -> None:
    add(sqlite_client, signers=[{**ANNA, "role": "ceo"}, {**IVAN, "role": "INDIVIDUAL"}])


def test_a_day_lasts_until_its_end_in_the_server_s_zone(start_app: Any, sqlite_url: str) -> None:
    app = start_app(DATABASE_URL=sqlite_url, TIMEZONE="Asia/Almaty")
    answer = post(app.test_client(), "add", **package(timeSignBy="2999-06-01"))
    assert answer["package"]["timeSignBy"] == "2999-06-01T18:59:59Z"


def test_a_package_without_a_state_is_a_draft(sqlite_client: FlaskClient) -> None:
    assert status(sqlite_client, add(sqlite_client, state=None))["state"] == "draft"


def test_the_largest_package_is_taken(client: FlaskClient) -> None:
    documents = [{"externalId": f"d{number}"} for number in range(200)]
    signers = [{"iin": f"{900_000_000_000 + number}"} for number in range(50)]
    answer = status(client, add(client, documents=documents, signers=signers, timeSignBy=FUTURE))
    assert len(answer["documents"]) == 200
    assert {len(document["revisions"]) for document in answer["documents"]} == {50}
