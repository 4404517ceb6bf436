"""GET and DELETE /signature by the id of a thread, as clients of the older generation ask."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from app.extensions import db
from tests.api.asking import content_of, exists, get, message_of, save
from tests.conftest import AppMaker

DOC = {"document": "doc", "thread": "main"}
NOT_FOUND = "Signature was not found"
METHODS = ["GET", "DELETE"]


@pytest.mark.parametrize("as_text", [False, True])
def test_an_id_names_the_thread(client: FlaskClient, as_text: bool) -> None:
    save(client, document="other")
    number = save(client)["id"]
    second = save(client, version=1)
    asked = {"id": str(number) if as_text else number}
    assert content_of(client.get("/signature", json=asked))["signature"] == second
    assert content_of(client.get("/signature", query_string=asked))["signature"] == second
    first = content_of(client.get("/signature", json={**asked, "version": 1}))["signature"]
    assert (first["id"], first["version"]) == (number, 1)
    assert client.delete("/signature", json=asked).get_json() == {"status": True}
    assert not exists(client)
    assert exists(client, document="other")
    for method in METHODS:
        response = client.open("/signature", method=method, json=asked)
        assert message_of(response, 404) == NOT_FOUND


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "besides", [{}, {"document": "doc"}, {"thread": "main"}, {"chain": "main"}]
)
def test_what_is_said_besides_must_fit(
    client: FlaskClient, method: str, besides: dict[str, Any]
) -> None:
    number = save(client)["id"]
    others = [{"id": number + 1, **besides}, {"id": 0, **besides}, {"id": 2**63 - 1, **besides}]
    others += [{"id": number, **besides, name: "else"} for name in besides]
    for asked in others:
        response = client.open("/signature", method=method, json=asked)
        assert message_of(response, 404) == NOT_FOUND, asked
    assert exists(client)
    asked = {"id": number, **besides}
    assert client.open("/signature", method=method, json=asked).status_code == 200


@pytest.mark.parametrize("number", [0, "abc", [1], 2**63])
def test_beside_document_and_thread_an_id_says_nothing(
    sqlite_client: FlaskClient, number: Any
) -> None:
    saved = save(sqlite_client)
    found = sqlite_client.get("/signature", json={**DOC, "id": number}).get_json()
    assert found["content"]["signature"] == saved
    assert found["warnings"] == ['"id" parameter is not read here']
    deleted = sqlite_client.delete("/signature", json={**DOC, "id": number})
    assert deleted.get_json() == {"status": True}
    assert deleted.headers["X-Unread-Parameters"] == "id"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("number", ["abc", -1, [1], True, 2**63])
def test_an_id_is_a_number(sqlite_client: FlaskClient, method: str, number: Any) -> None:
    save(sqlite_client)
    for besides in ({}, {"document": "doc"}):
        response = sqlite_client.open("/signature", method=method, json={**besides, "id": number})
        assert '"id" parameter' in message_of(response)
    assert exists(sqlite_client)


def test_an_id_that_is_empty_names_nothing(sqlite_client: FlaskClient) -> None:
    saved = save(sqlite_client)
    for empty in (None, ""):
        assert sqlite_client.get("/signature", json={"id": empty}).status_code == 400
        assert sqlite_client.delete("/signature", json={"id": empty}).status_code == 400
    assert get(sqlite_client) == saved


@pytest.mark.parametrize("method", METHODS)
def test_a_thread_that_took_its_place_meanwhile_is_another(
    start_app: AppMaker, postgresql_url: str, method: str
) -> None:
    app = start_app(DATABASE_URL=postgresql_url)
    client, other = app.test_client(), app.test_client()
    number = save(client)["id"]
    later: list[int] = []

    def begin_anew(_conn: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith("SELECT signatures.document") and not later:
            later.append(0)
            assert other.delete("/signature", json=DOC).status_code == 200
            later.append(save(other)["id"])

    with app.app_context():
        engine = db.engine
    event.listen(engine, "after_cursor_execute", begin_anew)
    response = client.open("/signature", method=method, json={"id": number})
    event.remove(engine, "after_cursor_execute", begin_anew)
    assert message_of(response, 404) == NOT_FOUND
    assert get(client)["id"] == later[-1] > number
