"""How many tags a save may bring: what is new is bounded, what a thread has it keeps."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.extensions import db
from tests.api.asking import content_of, documents, filled, get, message_of, refuse, save
from tests.asking_tokens import bearer, make_token
from tests.conftest import AppMaker
from tests.store import threads

pytestmark = pytest.mark.attacks

TOO_MANY = '"tags" parameter must have at most 200 items'
TOO_LONG = '"tags" parameter must have at most 16384 bytes in all items together'
MANY = [f"tag-{number}" for number in range(201)]
#: Of two bytes each: 65 tags of 254 bytes.
LONG = [f"{number:02}" + "ё" * 126 for number in range(65)]


def keep(app: Flask, tags: list[str], document: str = "doc") -> None:
    """Begin a thread as a move does, which asks for no limit."""
    with app.app_context():
        threads.save(db.engine, document, tags=tags)


@pytest.mark.parametrize(("tags", "message"), [(MANY, TOO_MANY), (LONG, TOO_LONG)])
def test_a_new_thread_is_bounded(client: FlaskClient, tags: list[str], message: str) -> None:
    assert refuse(client, tags=tags) == message
    assert documents(client) == []
    assert save(client, tags=tags[:-1])["tags"] == tags[:-1]
    assert refuse(client, version=1, tags=tags) == message
    assert get(client)["version"] == 1


@pytest.mark.parametrize(("tags", "message"), [(MANY, TOO_MANY), (LONG, TOO_LONG)])
def test_a_thread_that_has_more_keeps_them(app: Flask, tags: list[str], message: str) -> None:
    client = app.test_client()
    keep(app, tags)
    assert get(client)["tags"] == tags
    assert save(client, version=1, tags=tags[::-1])["tags"] == tags[::-1]
    assert refuse(client, version=2, tags=[*tags, "new"]) == message
    assert refuse(client, version=2, tags=["ж" * 127, *tags[1:]]) == message
    assert refuse(client, document="other", tags=tags) == message
    first, last = tags[0], tags[-1]
    for query in (f"tags={first}", f"tags[]={last}&tags[]={first}&tags_mode=all&limit=5"):
        assert documents(client, query) == ["doc"]
    assert save(client, version=2, tags=tags[:3])["tags"] == tags[:3]
    assert refuse(client, version=3, tags=tags) == message


def test_a_filter_is_bounded(client: FlaskClient) -> None:
    response = client.get("/signatures", json={"tags": MANY})
    assert message_of(response) == TOO_MANY
    assert content_of(client.get("/signatures", json={"tags": LONG}))["signatures"] == []


@pytest.fixture(name="locked")
def locked_app(make_app: AppMaker) -> Flask:
    """Provide an application that asks for tokens."""
    return make_app(AUTH="on")


def test_a_bound_token_learns_nothing_of_the_tags_of_others(locked: Flask) -> None:
    mine = ["hr-1", *MANY]
    keep(locked, mine, document="ours")
    keep(locked, MANY, document="theirs")
    token = make_token(locked, "clerk", "read", "write", tag_prefix="hr-")

    def try_to_save(**fields: Any) -> Any:
        return locked.test_client().post("/signature", json=filled(**fields), headers=bearer(token))

    saved = try_to_save(document="ours", version=1, tags=mine)
    assert content_of(saved, 201)["signature"]["tags"] == mine
    for document in ("theirs", "nowhere"):
        assert message_of(try_to_save(document=document, version=1, tags=mine)) == TOO_MANY


def test_a_bound_token_finds_threads_of_few_and_of_many_tags(locked: Flask) -> None:
    keep(locked, ["hr-1", "loan"], document="few")
    keep(locked, ["hr-1", "loan", *MANY[:40]], document="many")
    keep(locked, ["loan", *MANY[:40]], document="theirs")
    token = make_token(locked, "clerk", "read", tag_prefix="hr-")
    client = locked.test_client()
    query = {"tags": ["hr-1", "loan"], "tags_mode": "all", "count": "1", "limit": "9"}
    found = content_of(client.get("/signatures", json=query, headers=bearer(token)))
    assert [row["document"] for row in found["signatures"]] == ["many", "few"]
    assert found["nb_results"] == 2


@pytest.mark.parametrize("more", ["", "&limit=9", "&id_gt=0", "&id_gt=0&limit=9&order_field=id"])
def test_few_and_many_are_found_in_any_order(client: FlaskClient, more: str) -> None:
    save(client, document="few", tags=["a", "b"])
    save(client, document="many", tags=["a", "b", *MANY[:40]])
    save(client, document="other", tags=["a", *MANY[:40]])
    for tags, found in ((["a", "b"], {"few", "many"}), (["a", "tag-3"], {"many", "other"})):
        query = "&".join(f"tags[]={tag}" for tag in tags) + "&tags_mode=all&count=1" + more
        content = content_of(client.get(f"/signatures?{query}"))
        assert {row["document"] for row in content["signatures"]} == found
        assert content["nb_results"] == 2


def test_what_is_too_short_for_a_signature_brings_few_tags(make_app: AppMaker) -> None:
    client = make_app(CMS_VALIDATION="off").test_client()
    tags = [f"t{number:03}" for number in range(200)]
    message = '"tags" parameter must have at most 12 items with a signature of 300 characters'
    for more in (tags[:13], tags):
        assert refuse(client, cms="MII=" * 75, tags=more) == message
    assert documents(client) == []
    assert save(client, cms="MII=" * 75, tags=tags[:12])["tags"] == tags[:12]
    assert save(client, document="b", cms="MII=" * 750, tags=MANY[:200])["tags"] == MANY[:200]
    long = [tag.ljust(22, "x") for tag in tags]
    assert save(client, document="c", cms="MII=", tags=long)["tags"] == long
