"""Links to a version, made, listed and revoked by the API."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.store.public_links import MOST
from tests.api import people
from tests.api.asking import content_of, message_of, save
from tests.asking_tokens import bearer, make_token
from tests.conftest import AppMaker

NAMED = {"document": "doc", "thread": "main"}
PATH = "/signature/link"


def make(client: FlaskClient, **more: Any) -> dict[str, Any]:
    """Make a link, and return what is answered of it."""
    response = client.post(PATH, json={**NAMED, **more})
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.get_json()["content"]["link"]
    return made


def links(client: FlaskClient, **more: Any) -> list[dict[str, Any]]:
    """Return the listed links."""
    found: list[dict[str, Any]] = content_of(client.get(PATH, query_string={**NAMED, **more}))[
        "links"
    ]
    return found


def test_a_link_is_made_listed_followed_and_revoked(client: FlaskClient) -> None:
    save(client, cms=people.cms(people.ivan()))
    save(client, version=1, cms=people.cms(people.ivan(), people.chief()))
    first, current = make(client, version=1), make(client, days=365, files=True)
    assert [first["version"], first["files"]] == [1, False]
    assert [current["version"], current["files"], current["state"]] == [2, True, "in_force"]
    assert current["url"] == f"http://localhost/v/{current['token']}"
    assert client.get(current["url"]).status_code == 200
    [listed] = links(client)
    assert listed == {name: current[name] for name in current if name not in ("token", "url")}
    for _ in range(2):
        query = {**NAMED, "link": current["id"]}
        assert client.delete(PATH, query_string=query).get_json() == {"status": True}
    [listed] = links(client)
    assert [listed["state"], listed["revoked_at"] is None] == ["revoked", False]
    assert client.get(current["url"]).status_code == 410
    assert client.get(first["url"]).status_code == 200
    refused = client.delete(PATH, query_string={**NAMED, "link": first["id"]})
    assert message_of(refused, 404) == "Link was not found"


def test_what_is_null_is_as_if_it_were_left_out(sqlite_client: FlaskClient) -> None:
    save(sqlite_client)
    assert make(sqlite_client, version=None, days=None, files=None)["files"] is False


def test_the_oldest_of_too_many_gives_way(sqlite_client: FlaskClient) -> None:
    save(sqlite_client)
    made = [make(sqlite_client)["id"] for _ in range(MOST + 1)]
    assert [one["id"] for one in links(sqlite_client)] == made[:0:-1]


@pytest.mark.parametrize(
    ("field", "value", "limits"),
    [
        ("days", 0, "from 1 to 365"),
        ("days", 366, "from 1 to 365"),
        ("days", "x", "an integer"),
        ("files", "perhaps", "true or false"),
    ],
)
def test_what_can_t_be_used_is_refused_by_name(
    sqlite_client: FlaskClient, field: str, value: object, limits: str
) -> None:
    save(sqlite_client)
    refused = sqlite_client.post(PATH, json={**NAMED, field: value})
    assert message_of(refused, 400) == f'"{field}" parameter must be {limits}'
    assert links(sqlite_client) == []


def test_a_link_to_be_revoked_must_be_named(sqlite_client: FlaskClient) -> None:
    save(sqlite_client)
    for link in ({}, {"link": ""}):
        refused = sqlite_client.delete(PATH, query_string={**NAMED, **link})
        assert "link" in message_of(refused, 400)


def test_there_are_no_links_to_nothing(sqlite_client: FlaskClient) -> None:
    message_of(sqlite_client.get(PATH, query_string=NAMED), 404)
    message_of(sqlite_client.post(PATH, json=NAMED), 404)


def test_scopes_and_tags_count_as_on_pages(start_app: AppMaker, sqlite_url: str) -> None:
    app: Flask = start_app(DATABASE_URL=sqlite_url, AUTH="on")
    client = app.test_client()
    writer = bearer(make_token(app, "writer", "read", "write"))
    reader = bearer(make_token(app, "reader", "read"))
    bound = bearer(make_token(app, "bound", "read", "write", tag_prefix="x"))
    sent = {**NAMED, "cms": people.cms(people.ivan())}
    assert client.post("/signature", json=sent, headers=writer).status_code == 201
    message_of(client.post(PATH, json=NAMED, headers=reader), 403)
    message_of(client.post(PATH, json=NAMED, headers=bound), 404)
    made = client.post(PATH, json=NAMED, headers=writer).get_json()["content"]["link"]
    assert made["created_by"] == "writer"
    query = {**NAMED, "link": made["id"]}
    assert len(content_of(client.get(PATH, query_string=NAMED, headers=reader))["links"]) == 1
    message_of(client.get(PATH, query_string=NAMED, headers=bound), 404)
    message_of(client.delete(PATH, query_string=query, headers=reader), 403)
    message_of(client.delete(PATH, query_string=query, headers=bound), 404)
    assert client.delete(PATH, query_string=query, headers=writer).status_code == 200


@pytest.mark.attacks
def test_who_may_not_read_makes_no_link_that_shows_a_version(
    start_app: AppMaker, sqlite_url: str
) -> None:
    app: Flask = start_app(DATABASE_URL=sqlite_url, AUTH="on")
    client = app.test_client()
    writer = bearer(make_token(app, "writer", "write"))
    sent = {**NAMED, "cms": people.cms(people.ivan())}
    assert client.post("/signature", json=sent, headers=writer).status_code == 201
    for body in (NAMED, {**NAMED, "files": True}, {**NAMED, "thread": "none"}):
        refused = message_of(client.post(PATH, json=body, headers=writer), 403)
        assert refused == 'Token does not have the scope "read"'


def test_without_pages_no_link_is_made(start_app: AppMaker, sqlite_url: str) -> None:
    client = start_app(DATABASE_URL=sqlite_url, WEB="off").test_client()
    save(client)
    assert "WEB" in message_of(client.post(PATH, json=NAMED), 409)
