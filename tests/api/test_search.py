"""GET /signatures."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from tests.api.asking import content_of, documents, message_of, rows, save
from tests.store import threads


@pytest.fixture(name="listed")
def fill(client: FlaskClient) -> FlaskClient:
    """Provide a client of a store of five threads, a to e."""
    save(client, document="a", thread="one", stage="draft", tags=["x", "y"])
    save(client, document="b", thread="two", stage="draft", tags=["y", "z"])
    save(client, document="c", thread="one", stage="final", tags=["z", "x"])
    save(client, document="d", thread="two", stage="final", tags=["x"])
    save(client, document="e", thread="one")
    return client


def number_of(client: FlaskClient, query: str) -> int:
    """Return `nb_results` of a list."""
    number: int = content_of(client.get(f"/signatures?{query}"))["nb_results"]
    return number


MATCHING = [
    ("", "edcba"),
    ("document=c", "c"),
    ("thread=one", "eca"),
    ("chain=one", "eca"),
    ("stage=draft", "ba"),
    ("tags=x", "dca"),
    ("tags[]=y&tags[]=z", "cba"),
    ("tags[]=y&tags[]=nowhere", "ba"),
    ("tags[]=y&tags[]=z&tags_mode=any", "cba"),
    ("tags[]=y&tags[]=z&tags_mode=all", "b"),
    ("tags=x&tags_mode=all", "dca"),
    ("tags_mode=all", "edcba"),
    ("tags[]=x&tags[]=nowhere&tags_mode=all", ""),
    ("document=c&chain=one", "c"),
    ("document=c&chain=two", ""),
    ("chain=one&stage=draft", "a"),
    ("chain=two&tags[]=x&tags[]=y", "db"),
    ("stage=final&tags[]=x&tags[]=z&tags_mode=all", "c"),
    ("document=a&chain=one&stage=draft&tags=x", "a"),
    ("document=a&chain=one&stage=final&tags=x", ""),
    ("document=nowhere", ""),
]


def test_a_list_has_what_matches_all_filters_newest_first(listed: FlaskClient) -> None:
    for query, expected in MATCHING:
        assert documents(listed, query) == list(expected), query
        assert number_of(listed, f"{query}&count=1") == len(expected), query
        for limit, offset in ((1, 0), (2, 1), (100, 0), (0, 2)):
            counted = f"{query}&limit={limit}&offset={offset}&count=true"
            content = content_of(listed.get(f"/signatures?{counted}"))
            page = [row["document"] for row in content["signatures"]]
            assert page == list(expected)[offset:][: limit or 100], counted
            assert content["nb_results"] == len(expected), counted


def test_filters_are_read_from_a_json_body(listed: FlaskClient) -> None:
    body = {"chain": "one", "tags": ["x", "y"], "limit": 1, "offset": "1", "count": True}
    content = content_of(listed.get("/signatures", json=body))
    assert [row["document"] for row in content["signatures"]] == ["a"]
    assert content["nb_results"] == 2
    assert documents(listed, "tags_mode=all") == list("edcba")


def test_a_thread_is_listed_once_in_its_current_version(client: FlaskClient) -> None:
    save(client, tags=["x", "y"], stage="draft")
    second = save(client, version=1, tags=["y", "z"], stage="final")
    assert rows(client) == [second]
    assert rows(client, "tags[]=y&tags[]=z") == [second]
    assert rows(client, "tags=x") == []
    assert rows(client, "stage=draft") == []
    assert number_of(client, "tags[]=y&tags[]=z&count=1") == 1


def test_an_update_does_not_move_a_thread(client: FlaskClient) -> None:
    for document in "abc":
        save(client, document=document)
    save(client, document="a", version=1)
    assert documents(client) == ["c", "b", "a"]
    assert documents(client, "limit=1") == ["c"]


TRUE = [True, 1, 1.0, "1", "true", "on", "yes"]
FALSE = [False, 0, 0.0, "0", "false", "off", "no", ""]


@pytest.mark.parametrize("word", TRUE)
def test_these_words_ask_for_the_count(sqlite_client: FlaskClient, word: Any) -> None:
    save(sqlite_client)
    assert content_of(sqlite_client.get("/signatures", json={"count": word}))["nb_results"] == 1
    if isinstance(word, str):
        assert number_of(sqlite_client, f"count={word}") == 1


@pytest.mark.parametrize("word", [*FALSE, None])
def test_these_words_do_not_ask_for_the_count(sqlite_client: FlaskClient, word: Any) -> None:
    content = content_of(sqlite_client.get("/signatures", json={"count": word}))
    assert list(content) == ["signatures"]
    if isinstance(word, str):
        content = content_of(sqlite_client.get(f"/signatures?count={word}"))
        assert list(content) == ["signatures"]


@pytest.mark.parametrize("word", ["maybe", 2, -1, "2", [], [True], {}, 1.5])
def test_another_word_for_the_count_is_refused(sqlite_client: FlaskClient, word: Any) -> None:
    message = message_of(sqlite_client.get("/signatures", json={"count": word}))
    assert '"count"' in message


@pytest.mark.parametrize("field", ["limit", "offset"])
@pytest.mark.parametrize(
    "value", [-1, "-1", "x", 1.5, "1.5", True, [1], {}, 2**63, 10**30, "1e3", "١", "0x1"]
)
def test_a_limit_or_offset_that_is_no_number_from_0_is_refused(
    sqlite_client: FlaskClient, field: str, value: Any
) -> None:
    message = message_of(sqlite_client.get("/signatures", json={field: value}))
    assert f'"{field}"' in message


@pytest.mark.parametrize("zero", ["", "limit=0", "limit=", "offset=0", "limit=0&offset="])
def test_no_limit_gives_all_rows(listed: FlaskClient, zero: str) -> None:
    assert documents(listed, zero) == list("edcba")


@pytest.mark.parametrize("filters", ["", "tags=x", "tags[]=x&tags[]=y", "thread=one"])
def test_the_largest_limit_and_offset_are_no_inner_error(listed: FlaskClient, filters: str) -> None:
    largest = 2**63 - 1
    every = documents(listed, filters)
    assert documents(listed, f"{filters}&limit={largest}") == every
    assert documents(listed, f"{filters}&limit={largest}&offset=1") == every[1:]
    assert documents(listed, f"{filters}&limit={largest}&offset={largest}") == []
    assert documents(listed, f"{filters}&limit=1&offset={largest}") == []
    assert documents(listed, f"{filters}&offset={largest}") == []


@pytest.mark.parametrize("page", ["", "limit=2"])
def test_a_list_without_cms_leaves_both_keys_out(listed: FlaskClient, page: str) -> None:
    without = rows(listed, f"{page}&without=cms")
    assert without
    expected = [
        {name: value for name, value in row.items() if name not in ("cms", "signature")}
        for row in rows(listed, page)
    ]
    assert without == expected
    assert list(without[0]) == list(expected[0])


@pytest.mark.parametrize(("field", "value"), [("tags_mode", "some"), ("without", "tags")])
def test_a_word_that_is_no_choice_is_refused(
    sqlite_client: FlaskClient, field: str, value: str
) -> None:
    assert f'"{field}"' in message_of(sqlite_client.get(f"/signatures?{field}={value}"))


@pytest.mark.parametrize("query", ["", "limit=440", "tags[]=x&tags[]=y", "count=1"])
def test_a_long_list_is_streamed_and_still_valid_json(
    client: FlaskClient, engine: Engine, query: str
) -> None:
    number = 450
    saved = [f"doc {document}" for document in range(number)]
    threads.save_first_versions(engine, saved, tags=["x", "y"], cms="é\"'\\" * 100)
    response = client.get(f"/signatures?{query}")
    assert response.is_streamed
    pieces = list(response.iter_encoded())
    response.close()  # As a server does.
    assert len(pieces) > 2
    answer = json.loads(b"".join(pieces))
    assert list(answer) == ["status", "message", "content"]
    found = [row["document"] for row in answer["content"]["signatures"]]
    assert found == saved[::-1][: 440 if "limit" in query else number]
    assert answer["content"].get("nb_results") == (number if "count" in query else None)


def test_a_streamed_answer_gives_its_connection_back(client: FlaskClient, engine: Engine) -> None:
    threads.save_first_versions(engine, (f"doc {document}" for document in range(210)))
    for _ in range(20):
        response = client.get("/signatures", buffered=False)
        next(response.iter_encoded())
        response.close()
    assert len(documents(client)) == 210


def test_a_list_is_filtered_by_as_many_tags_as_a_version_may_have(client: FlaskClient) -> None:
    tags = [f"tag {number}" for number in range(200)]
    save(client, document="all", tags=tags)
    save(client, document="one", tags=tags[:1])
    query = urlencode({"tags[]": tags}, doseq=True)
    assert documents(client, query) == ["one", "all"]
    assert number_of(client, f"{query}&count=1") == 2


def test_the_list_of_the_seed_works(client: FlaskClient) -> None:
    save(client, document="doc_12", thread="ticket_41", stage="stage_1", tags=["customer_1"])
    save(client, document="doc_12", thread="ticket_42", stage="stage_1", tags=["process_1"])
    body = {
        "document": "doc_12",
        "chain": "ticket_42",
        "stage": "stage_1",
        "tags": ["customer_1", "process_1"],
        "limit": 10,
        "offset": 0,
        "count": True,
    }
    content = content_of(client.get("/signatures", json=body))
    assert [row["id"] for row in content["signatures"]] == [2]
    assert content["nb_results"] == 1
