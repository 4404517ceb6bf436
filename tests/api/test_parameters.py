"""Parameters: where they come from, and what is read out of them."""

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from flask.testing import FlaskClient

from tests.api.asking import (
    content_of,
    documents,
    exists,
    filled,
    good_cms,
    save,
)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_parameters_are_read_from_the_query_or_from_a_json_body(
    client: FlaskClient, method: str
) -> None:
    asked = {"document": "doc", "thread": "main"}
    for query, body in (
        (asked, None),
        ({}, asked),
        ({"document": "doc"}, {"thread": "main"}),
        ({"document": "other", "thread": "other"}, asked),
        ({"chain": "other", "document": "doc"}, {"thread": "main"}),
        ({"thread": "other", "document": "doc"}, {"chain": "main"}),
    ):
        save(client)
        response = client.open("/signature", method=method, query_string=query, json=body)
        assert response.status_code == 200, (query, body)
        client.delete("/signature", json=asked)


def test_a_save_merges_query_and_body_and_the_body_wins(client: FlaskClient) -> None:
    query = {"document": "lost", "thread": "main", "stage": "of the query", "tags[]": ["lost"]}
    body = {"document": "doc", "cms": good_cms(), "tags": ["won"]}
    signature = content_of(client.post("/signature", query_string=query, json=body), 201)[
        "signature"
    ]
    assert signature["document"] == "doc"
    assert signature["thread"] == "main"
    assert signature["stage"] == "of the query"
    assert signature["tags"] == ["won"]


def test_a_save_may_come_in_the_query_alone(client: FlaskClient) -> None:
    response = client.post("/signature?" + urlencode({**filled(), "tags[]": "a"}))
    signature = content_of(response, 201)["signature"]
    assert signature["cms"] == good_cms()
    assert signature["tags"] == ["a"]


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "text/plain",
        "text/html",
        "application/x-www-form-urlencoded",
        "application/octet-stream",
        "application/xml",
        "multipart/form-data; boundary=x",
        "no content type",
        None,
    ],
)
def test_a_json_body_is_read_whatever_its_content_type_says(
    client: FlaskClient, content_type: str | None
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    body = json.dumps(filled(tags=["a"]))
    response = client.post("/signature", data=body.encode(), headers=headers)
    assert content_of(response, 201)["signature"]["tags"] == ["a"]
    asked = b' {"document": "doc", "thread": "main"}'
    content_of(client.get("/signature", data=asked, headers=headers))


def test_a_json_body_may_begin_with_a_byte_order_mark(client: FlaskClient) -> None:
    body = "\ufeff" + json.dumps(filled())
    content_of(client.post("/signature", data=body.encode()), 201)


def test_a_form_body_is_read(client: FlaskClient) -> None:
    form = {**filled(stage="ступень"), "tags[]": ["b", "a"], "version_created_by": "Ы & Я"}
    signature = content_of(client.post("/signature", data=form), 201)["signature"]
    assert signature["cms"] == good_cms()
    assert signature["stage"] == "ступень"
    assert signature["tags"] == ["b", "a"]
    assert signature["version_created_by"] == "Ы & Я"


def test_a_form_body_wins_over_the_query(client: FlaskClient) -> None:
    save(client)
    form = {"thread": "main"}
    response = client.get("/signature?document=doc&thread=other", data=form)
    assert content_of(response)["signature"]["document"] == "doc"


@pytest.mark.parametrize("body", [b"", b" \r\n"])
def test_an_empty_body_says_nothing(client: FlaskClient, body: bytes) -> None:
    save(client)
    headers = {"Content-Type": "application/json"}
    response = client.get("/signature?document=doc&thread=main", data=body, headers=headers)
    content_of(response)


@pytest.mark.parametrize("thread", ["thread", "chain"])
@pytest.mark.parametrize("cms", ["cms", "signature"])
@pytest.mark.parametrize("place", ["json", "query_string", "data"])
def test_both_generations_of_names_are_read_everywhere(
    sqlite_client: FlaskClient, thread: str, cms: str, place: str
) -> None:
    sent: Any = {"document": "doc", thread: "main", cms: good_cms()}
    signature = content_of(sqlite_client.post("/signature", **{place: sent}), 201)["signature"]
    assert signature["thread"] == signature["chain"] == "main"
    assert signature["cms"] == signature["signature"] == good_cms()
    asked: Any = {"document": "doc", thread: "main"}
    content_of(sqlite_client.get("/signature", **{place: asked}))
    content_of(sqlite_client.get("/signature/versions", **{place: asked}))
    found = content_of(sqlite_client.get("/signatures", **{place: asked}))["signatures"]
    assert len(found) == 1
    other: Any = {"document": "doc", thread: "other"}
    assert content_of(sqlite_client.get("/signatures", **{place: other}))["signatures"] == []
    assert sqlite_client.delete("/signature", **{place: asked}).status_code == 200
    assert not exists(sqlite_client)


ARRAYS = [
    ("tags[]=a&tags[]=b", ["a", "b"]),
    ("tags%5B%5D=a&tags%5B%5D=b", ["a", "b"]),
    ("tags=a&tags=b", ["a", "b"]),
    ("tags[0]=a&tags[1]=b", ["a", "b"]),
    ("tags%5B0%5D=a&tags%5B1%5D=b", ["a", "b"]),
    ("tags=a", ["a"]),
    ("tags[]=a", ["a"]),
    ("tags=a,b", ["a,b"]),
    ("tags[]=a,b", ["a,b"]),
    ("tags[]=b&tags[]=a&tags[]=b", ["b", "a"]),
    ("tags[]=%20a%20&tags[]=" + quote("ё"), ["a", "ё"]),
    ("tags=12", ["12"]),
    ("tags=", []),
    ("", []),
]


@pytest.mark.parametrize(("query", "tags"), ARRAYS)
@pytest.mark.parametrize("place", ["query", "form"])
def test_arrays_of_a_query_or_form_are_read_in_every_spelling(
    sqlite_client: FlaskClient, query: str, tags: list[str], place: str
) -> None:
    rest = urlencode(filled())
    if place == "query":
        response = sqlite_client.post(f"/signature?{rest}&{query}")
    else:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        response = sqlite_client.post("/signature", data=f"{rest}&{query}", headers=headers)
    assert content_of(response, 201)["signature"]["tags"] == tags


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("tags[]=a&tags[]=b", ["3", "2", "1"]),
        ("tags=a&tags=b", ["3", "2", "1"]),
        ("tags[0]=a&tags[1]=b", ["3", "2", "1"]),
        ("tags=b", ["3", "2"]),
        ("tags[]=b", ["3", "2"]),
        ("tags=a,b", ["4"]),
        ("tag=a&tag=b", ["3", "2", "1"]),
        ("tag=b", ["3", "2"]),
        ("tags=", ["5", "4", "3", "2", "1"]),
        ("tags[]=", []),
        ("tags[]=&tags[]=b", ["3", "2"]),
    ],
)
def test_a_list_is_filtered_by_arrays_in_every_spelling(
    client: FlaskClient, query: str, expected: list[str]
) -> None:
    for number, tags in enumerate([["a"], ["b"], ["a", "b"], ["a,b"], []], 1):
        save(client, document=str(number), tags=tags)
    assert documents(client, query) == expected


def test_the_name_wins_over_an_older_one_that_says_something_else(client: FlaskClient) -> None:
    for document, tags in (("1", ["a"]), ("2", ["b"])):
        save(client, document=document, tags=tags)
    reported = ['"tag" parameter is not read here']
    found = content_of(client.get("/signatures?tag=b&tags=a"), warnings=reported)["signatures"]
    assert [row["document"] for row in found] == ["1"]


def test_what_is_no_parameter_changes_nothing_and_is_reported(client: FlaskClient) -> None:
    query = "id=7&foo[bar][baz]=1&[=1&[]=2&=3&created_at=now&tags_mode=nonsense"
    body = filled(id=7, unknown={"a": [1]}, created_at="2000-01-01 00:00:00", limit="nonsense")
    names = ["id", "foo", "[", "[]", "", "created_at", "tags_mode", "limit", "unknown"]
    reported = [f'"{name}" parameter is not read here' for name in names]
    response = client.post(f"/signature?{query}", json=body)
    signature = content_of(response, 201, reported)["signature"]
    assert signature["id"] == 1
    assert not signature["created_at"].startswith("2000")
    reported = [f'"{name}" parameter is not read here' for name in ("unknown", "cms", "foo")]
    response = client.get("/signatures?unknown=1&cms=x&foo[]=1")
    assert [row["document"] for row in content_of(response, 200, reported)["signatures"]] == ["doc"]
