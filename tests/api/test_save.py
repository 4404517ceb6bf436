"""POST /signature: what a save needs, and how versions follow each other."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from tests.api.asking import content_of, documents, filled, get, good_cms, message_of, refuse, save
from tests.conftest import AppMaker
from tests.store.threads import index_of_tags, stored_versions

NOT_SET = "Version must be set"
CONFLICT = "Version provided is not equal to actual signature version"
WRITERS = 8


@pytest.mark.parametrize("field", ["document", "thread", "cms"])
@pytest.mark.parametrize("value", [None, "", "absent"])
def test_what_is_missing_or_empty_must_be_set(
    sqlite_client: FlaskClient, field: str, value: str | None
) -> None:
    sent = filled() | {field: value}
    if value == "absent":
        del sent[field]
    message = message_of(sqlite_client.post("/signature", json=sent))
    assert message == f'"{field}" parameter must be set'
    assert documents(sqlite_client) == []


@pytest.mark.parametrize("field", ["document", "thread"])
def test_blanks_alone_are_missing(sqlite_client: FlaskClient, field: str) -> None:
    assert refuse(sqlite_client, **{field: " \t\n"}) == f'"{field}" parameter must be set'


@pytest.mark.parametrize(
    ("sent", "first"),
    [
        ({}, "document"),
        ({"cms": "x"}, "document"),
        ({"thread": "x"}, "document"),
        ({"document": "x"}, "thread"),
        ({"document": "x", "cms": "x"}, "thread"),
        ({"document": "x", "chain": "x"}, "cms"),
    ],
)
def test_what_is_missing_is_named_in_order(
    sqlite_client: FlaskClient, sent: dict[str, str], first: str
) -> None:
    message = message_of(sqlite_client.post("/signature", json=sent))
    assert message == f'"{first}" parameter must be set'


def test_nothing_at_all_lacks_a_document(sqlite_client: FlaskClient) -> None:
    assert message_of(sqlite_client.post("/signature")) == '"document" parameter must be set'


@pytest.mark.parametrize("version", ["absent", None, 0, 1, 7, -7, 10**30, "0", "5", "-5", ""])
def test_a_new_thread_ignores_the_version(client: FlaskClient, version: Any) -> None:
    sent = filled() | ({} if version == "absent" else {"version": version})
    signature = content_of(client.post("/signature", json=sent), 201)["signature"]
    assert (signature["version"], signature["parent"]) == (1, None)


@pytest.mark.parametrize("version", ["absent", None, 0, "0", ""])
def test_an_existing_thread_needs_the_version(client: FlaskClient, version: Any) -> None:
    save(client)
    sent = filled() | ({} if version == "absent" else {"version": version})
    assert message_of(client.post("/signature", json=sent)) == NOT_SET
    assert get(client)["version"] == 1


@pytest.mark.parametrize("version", [1, 3, -1, -2, 2**31, 2**63, 10**30, -(10**30), "1", "3"])
def test_another_version_than_the_current_one_is_a_conflict(
    client: FlaskClient, version: Any
) -> None:
    save(client)
    save(client, version=1, tags=["kept"])
    assert refuse(client, version=version, tags=["lost"]) == CONFLICT
    assert get(client)["version"] == 2
    assert get(client)["tags"] == ["kept"]


@pytest.mark.parametrize("as_text", [False, True])
def test_the_current_version_is_followed_by_the_next(client: FlaskClient, as_text: bool) -> None:
    first = save(client)
    for seen in range(1, 4):
        following = save(client, version=str(seen) if as_text else seen)
        assert (following["version"], following["parent"]) == (seen + 1, seen)
        assert following["id"] == first["id"]
        assert following["created_at"] == first["created_at"]


@pytest.mark.parametrize("version", [1.0, "1.0", "+1.0", " 1 ", "01"])
def test_a_whole_float_is_an_integer(sqlite_client: FlaskClient, version: Any) -> None:
    save(sqlite_client)
    assert save(sqlite_client, version=version)["version"] == 2


@pytest.mark.parametrize("version", ["x", "1.5", "1e0", "१", "0x1", "1 2", 1.5, True, [1], {}])
def test_a_version_is_an_integer(sqlite_client: FlaskClient, version: Any) -> None:
    assert '"version"' in refuse(sqlite_client, version=version)
    save(sqlite_client)
    assert '"version"' in refuse(sqlite_client, version=version)
    assert get(sqlite_client)["version"] == 1


def send_at_once(app: Flask, bodies: list[dict[str, Any]]) -> list[tuple[int, str | None]]:
    """Save all of them at one moment, each over a client of its own; give statuses and messages."""
    barrier = Barrier(len(bodies))

    def send(body: dict[str, Any]) -> tuple[int, str | None]:
        client = app.test_client()
        barrier.wait(timeout=30)
        response = client.post("/signature", json=body)
        return response.status_code, response.get_json()["message"]

    with ThreadPoolExecutor(len(bodies)) as pool:
        return sorted(pool.map(send, bodies), key=str)


def test_a_second_writer_of_one_version_gets_a_conflict(make_app: AppMaker, engine: Engine) -> None:
    app = make_app(WEB_THREADS=str(WRITERS))
    save(app.test_client())
    for seen in (1, 2, 3):
        bodies = [filled(version=seen, tags=[str(number)]) for number in range(WRITERS)]
        answers = send_at_once(app, bodies)
        assert answers == [(201, None)] + [(400, CONFLICT)] * (WRITERS - 1)
    assert stored_versions(engine) == [(1, number) for number in range(1, 5)]


def test_a_second_first_save_of_one_thread_is_refused(make_app: AppMaker, engine: Engine) -> None:
    app = make_app(WEB_THREADS=str(WRITERS))
    answers = send_at_once(app, [filled() for _ in range(WRITERS)])
    assert answers == [(201, None)] + [(400, NOT_SET)] * (WRITERS - 1)
    assert [version for _, version in stored_versions(engine)] == [1]


def test_writers_that_meet_never_see_an_inner_error_even_without_enough_connections(
    make_app: AppMaker,
) -> None:
    app = make_app(WEB_THREADS="1")
    bodies = [filled(document=str(number), tags=["a", "b"]) for number in range(WRITERS)]
    assert send_at_once(app, bodies) == [(201, None)] * WRITERS


@pytest.mark.parametrize("none", ["absent", None, [], {}])
def test_tags_of_a_save_replace_those_before(client: FlaskClient, none: Any) -> None:
    save(client, tags=["a", "b"])
    assert save(client, version=1, tags=["c", "a"])["tags"] == ["c", "a"]
    assert get(client)["tags"] == ["c", "a"]
    assert documents(client, "tags=b") == []
    sent = filled(version=2) | ({} if none == "absent" else {"tags": none})
    assert content_of(client.post("/signature", json=sent), 201)["signature"]["tags"] == []
    assert get(client)["tags"] == []
    assert documents(client, "tags=a") == []


def test_earlier_versions_keep_their_tags(client: FlaskClient) -> None:
    save(client, tags=["a", "b"])
    save(client, version=1)
    save(client, version=2, tags=["c"])
    asked = {"document": "doc", "thread": "main"}
    versions = content_of(client.get("/signature/versions", json=asked))["versions"]
    assert [version["tags"] for version in versions] == [["c"], [], ["a", "b"]]


def test_tags_collapse_and_keep_their_order(client: FlaskClient, engine: Engine) -> None:
    sent = ["b", "a", " b", "b", 1, "1", "A"]
    assert save(client, tags=sent)["tags"] == ["b", "a", "1", "A"]
    assert get(client)["tags"] == ["b", "a", "1", "A"]
    assert index_of_tags(engine) == {(1, "a"), (1, "b"), (1, "1"), (1, "A")}


def test_tags_with_a_gap_are_a_list(client: FlaskClient) -> None:
    assert save(client, tags={"0": "a", "3": "b"})["tags"] == ["a", "b"]
    found = content_of(client.get("/signatures", json={"tags": {"2": "c", "7": "b"}}))
    assert [row["tags"] for row in found["signatures"]] == [["a", "b"]]


@pytest.mark.parametrize(("tag", "kept"), [("a", "a"), ("a,b", "a,b"), (" a ", "a"), (7, "7")])
def test_a_single_tag_is_a_list_of_one(client: FlaskClient, tag: Any, kept: str) -> None:
    assert save(client, tags=tag)["tags"] == [kept]


@pytest.mark.parametrize("tag", [True, None, {"a": 1}, ["b"]])
def test_a_tag_that_is_neither_text_nor_number_is_refused(
    sqlite_client: FlaskClient, tag: Any
) -> None:
    assert '"tags"' in refuse(sqlite_client, tags=["a", tag])
    assert documents(sqlite_client) == []


def test_the_stage_is_kept_on_the_version(client: FlaskClient) -> None:
    save(client, stage="draft")
    assert save(client, version=1)["stage"] is None
    save(client, version=2, stage="final")
    asked = {"document": "doc", "thread": "main"}
    versions = content_of(client.get("/signature/versions", json=asked))["versions"]
    assert [version["stage"] for version in versions] == ["final", None, "draft"]


def test_the_author_may_be_a_number_or_a_name(client: FlaskClient) -> None:
    assert save(client, version_created_by=7)["version_created_by"] == "7"
    assert save(client, version=1, version_created_by="Аян")["version_created_by"] == "Аян"
    assert save(client, version=2, version_comment=12)["version_comment"] == "12"


def test_a_save_of_the_seed_works(client: FlaskClient) -> None:
    body = {
        "document": "doc_12",
        "thread": "ticket_42",
        "version": 0,
        "cms": good_cms(),
        "version_created_by": "some_user",
        "version_comment": "some comment",
        "tags": ["customer_1", "process_1"],
    }
    signature = content_of(client.post("/signature", data=json.dumps(body)), 201)["signature"]
    for name, value in (body | {"version": 1}).items():
        assert signature[name] == value
