"""GET and DELETE /signature, GET /signature/versions."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from tests.api.asking import content_of, documents, exists, get, message_of, save
from tests.store import threads

DOC = {"document": "doc", "thread": "main"}
MUST_BE_SET = '"Thread" and "document" parameters must be set'
NOT_FOUND = "Signature was not found"
ROUTES = [("GET", "/signature"), ("DELETE", "/signature"), ("GET", "/signature/versions")]


@pytest.mark.parametrize(("method", "address"), ROUTES)
@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"document": "doc"},
        {"thread": "main"},
        {"chain": "main"},
        {"document": "", "thread": "main"},
        {"document": "doc", "thread": ""},
        {"document": "doc", "thread": None},
        {"document": None, "thread": "main"},
        {"document": "doc", "thread": "  "},
        {"document": "\t", "thread": "main"},
    ],
)
def test_document_and_thread_must_be_set(
    sqlite_client: FlaskClient, method: str, address: str, asked: dict[str, Any]
) -> None:
    save(sqlite_client)
    assert message_of(sqlite_client.open(address, method=method, json=asked)) == MUST_BE_SET
    if None not in asked.values():
        response = sqlite_client.open(address, method=method, query_string=asked)
        assert message_of(response) == MUST_BE_SET
    assert exists(sqlite_client)


@pytest.mark.parametrize(("method", "address"), ROUTES)
@pytest.mark.parametrize(
    "asked",
    [
        {"document": "other", "thread": "main"},
        {"document": "doc", "thread": "other"},
        {"document": "main", "thread": "doc"},
        {"document": "%", "thread": "%"},
    ],
)
def test_a_thread_that_is_not_there_is_not_found(
    client: FlaskClient, method: str, address: str, asked: dict[str, str]
) -> None:
    save(client)
    assert message_of(client.open(address, method=method, json=asked), 404) == NOT_FOUND
    assert exists(client)


def test_the_current_version_is_given(client: FlaskClient) -> None:
    save(client, version_comment="first")
    second = save(client, version=1, version_comment="second")
    assert get(client) == second


@pytest.mark.parametrize("as_text", [False, True])
def test_any_version_can_be_requested(client: FlaskClient, as_text: bool) -> None:
    saved = [save(client, version=seen, tags=[str(seen)], stage=str(seen)) for seen in range(3)]
    for number, expected in enumerate(saved, 1):
        asked = {**DOC, "version": str(number) if as_text else number}
        found = content_of(client.get("/signature", json=asked))["signature"]
        assert found | {"updated_at": ""} == expected | {"updated_at": ""}
        assert found["updated_at"] == saved[-1]["updated_at"]
        assert content_of(client.get("/signature", query_string=asked))["signature"] == found


@pytest.mark.parametrize("version", [2, 0, -1, 2**31, 2**63, 10**30, -(10**30)])
def test_a_version_that_is_not_there_is_not_found(client: FlaskClient, version: int) -> None:
    save(client)
    response = client.get("/signature", json={**DOC, "version": version})
    assert message_of(response, 404) == NOT_FOUND


@pytest.mark.parametrize("version", ["x", "1.5", True, [1]])
def test_a_version_is_an_integer(sqlite_client: FlaskClient, version: Any) -> None:
    save(sqlite_client)
    message = message_of(sqlite_client.get("/signature", json={**DOC, "version": version}))
    assert '"version"' in message


@pytest.mark.parametrize("version", ["", None])
def test_an_empty_version_is_the_current_one(client: FlaskClient, version: str | None) -> None:
    save(client)
    save(client, version=1)
    found = content_of(client.get("/signature", json={**DOC, "version": version}))
    assert found["signature"]["version"] == 2


def test_a_deletion_removes_all_versions_and_tags(client: FlaskClient, engine: Engine) -> None:
    save(client, tags=["a"])
    save(client, document="other", tags=["b"])
    save(client, version=1, tags=["b"])
    assert client.delete("/signature", json=DOC).get_json() == {"status": True}
    assert not exists(client)
    assert message_of(client.get("/signature/versions", json=DOC), 404) == NOT_FOUND
    assert documents(client) == ["other"]
    assert documents(client, "tags=b") == ["other"]
    assert documents(client, "tags=a") == []
    assert threads.stored_versions(engine) == [(2, 1)]
    assert threads.index_of_tags(engine) == {(2, "b")}


def test_a_second_deletion_finds_nothing(client: FlaskClient) -> None:
    save(client)
    client.delete("/signature", json=DOC)
    assert message_of(client.delete("/signature", json=DOC), 404) == NOT_FOUND


def test_a_save_after_a_deletion_begins_at_1_with_a_new_id(client: FlaskClient) -> None:
    old = save(client)
    save(client, version=1)
    client.delete("/signature", json=DOC)
    new = save(client, version=2)
    assert (new["version"], new["parent"]) == (1, None)
    assert new["id"] > old["id"]


def test_versions_are_listed_newest_first(client: FlaskClient) -> None:
    saved = [
        save(
            client,
            version=seen,
            tags=[f"tag {seen}"],
            version_created_by=f"author {seen}",
            version_comment=f"comment {seen}",
            stage=f"stage {seen}",
        )
        for seen in range(3)
    ]
    save(client, thread="other")
    content = content_of(client.get("/signature/versions", query_string=DOC))
    assert list(content) == ["versions"]
    newest = saved[-1]["updated_at"]
    assert content["versions"] == [row | {"updated_at": newest} for row in reversed(saved)]


def test_a_thread_is_read_without_its_signature(client: FlaskClient) -> None:
    whole = save(client)
    rest = {name: value for name, value in whole.items() if name not in ("cms", "signature")}
    asked = {**DOC, "without": "cms"}
    listed = content_of(client.get("/signature/versions", query_string=asked))["versions"]
    assert listed == [rest]
    assert list(listed[0]) == list(rest)


def test_more_versions_than_are_fetched_at_a_time_are_all_listed(
    open_client: FlaskClient, engine: Engine
) -> None:
    number = 450
    threads.save_versions(engine, number)
    response = open_client.get("/signature/versions", query_string=DOC)
    listed = content_of(response)["versions"]
    assert [row["version"] for row in listed] == list(range(number, 0, -1))
    assert all(row["cms"] == f"cms {row['version']}" for row in listed)
