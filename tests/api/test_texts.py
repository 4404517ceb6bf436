"""Texts and numbers: what is dropped around them, how long they may be, what they match."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient

from tests.api.asking import (
    content_of,
    documents,
    exists,
    filled,
    get,
    message_of,
    refuse,
    rows,
    save,
)

TEXT_FIELDS = ["document", "thread", "stage", "version_created_by", "version_comment", "tags"]
TRIMMED = ["document", "thread", "version_created_by", "version_comment", "tags"]
BLANKS = " \t\r\n "


def read_back(signature: dict[str, Any], field: str) -> Any:
    """Return a field of an answer; of the tags, the only one."""
    if field == "tags":
        (tag,) = signature["tags"]
        return tag
    return signature[field]


@pytest.mark.parametrize("field", TRIMMED)
def test_blanks_around_a_text_are_dropped(client: FlaskClient, field: str) -> None:
    text = "a \t b"
    sent = f"{BLANKS}{text}{BLANKS}"
    signature = save(client, **{field: [sent] if field == "tags" else sent})
    assert read_back(signature, field) == text


def test_blanks_around_what_is_requested_are_dropped(client: FlaskClient) -> None:
    save(client, tags=["a"])
    assert get(client, " doc\t", "\r\nmain ")["id"] == 1
    assert documents(client, "document=%20doc%20&thread=%09main&tags[]=%20a%0A") == ["doc"]
    response = client.delete("/signature", json={"document": " doc ", "thread": "\tmain"})
    assert response.status_code == 200


def test_blanks_around_a_stage_stay(client: FlaskClient) -> None:
    assert save(client, stage=" s ")["stage"] == " s "
    assert documents(client, "stage=%20s%20") == ["doc"]
    assert documents(client, "stage=s") == []


@pytest.mark.parametrize("field", ["version_created_by", "version_comment"])
def test_an_empty_optional_text_is_none(client: FlaskClient, field: str) -> None:
    assert save(client, **{field: "  "})[field] is None


@pytest.mark.parametrize("text", ["x" * 255, "ё" * 255, "😀" * 255])
def test_a_text_may_have_255_characters(client: FlaskClient, text: str) -> None:
    signature = save(client, **dict.fromkeys(TEXT_FIELDS, text))
    for field in TEXT_FIELDS:
        assert read_back(signature, field) == text


def test_blanks_around_do_not_count_for_the_limit(sqlite_client: FlaskClient) -> None:
    assert save(sqlite_client, document=" " * 300 + "x" * 255)["document"] == "x" * 255


@pytest.mark.parametrize("field", TEXT_FIELDS)
def test_a_text_that_is_too_long_or_has_a_nul_is_refused(
    sqlite_client: FlaskClient, field: str
) -> None:
    for text in ("x" * 256, "ё" * 256, "x" * 100_000, "a\0b", "\0", "ab\0"):
        message = refuse(sqlite_client, **{field: [text] if field == "tags" else text})
        assert f'"{field}"' in message
        assert "255" in message
    assert rows(sqlite_client) == []


@pytest.mark.parametrize("field", ["document", "thread", "stage", "tags"])
def test_a_filter_that_is_too_long_or_has_a_nul_is_refused(
    sqlite_client: FlaskClient, field: str
) -> None:
    for text in ("x" * 256, "a%00b"):
        message = message_of(sqlite_client.get(f"/signatures?{field}={text}"))
        assert f'"{field}"' in message
        assert "255" in message


@pytest.mark.parametrize("field", ["document", "thread"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_name_that_is_too_long_or_has_a_nul_is_refused(
    sqlite_client: FlaskClient, field: str, method: str
) -> None:
    for text in ("x" * 256, "a\0b"):
        asked = {"document": "doc", "thread": "main", field: text}
        message = message_of(sqlite_client.open("/signature", method=method, json=asked))
        assert f'"{field}"' in message
        assert "255" in message


def test_a_signature_with_a_nul_is_refused(open_client: FlaskClient) -> None:
    assert '"cms"' in refuse(open_client, cms="a\0b")
    assert rows(open_client) == []


@pytest.mark.parametrize(
    "number",
    ["12", "0", "-7", "123456789012345678901234567890", "1.50", "0.1", "1e5", "1.0", "-0.00"],
)
def test_a_number_is_taken_as_its_text_digit_by_digit(client: FlaskClient, number: str) -> None:
    sent = filled(**dict.fromkeys(TEXT_FIELDS, "NUMBER")) | {"tags": ["NUMBER"]}
    body = json.dumps(sent).replace('"NUMBER"', number)
    signature = content_of(client.post("/signature", data=body), 201)["signature"]
    for field in TEXT_FIELDS:
        assert read_back(signature, field) == number


def test_a_number_is_found_by_number_or_text(client: FlaskClient) -> None:
    save(client, document=12, thread=7, tags=[5])
    assert get(client, "12", "7")["document"] == "12"
    content_of(client.get("/signature", json={"document": 12, "thread": "7"}))
    found = content_of(client.get("/signatures", json={"document": 12, "tags": [5]}))
    assert len(found["signatures"]) == 1
    assert client.delete("/signature", json={"document": 12, "thread": 7}).status_code == 200


@pytest.mark.parametrize("field", [*TEXT_FIELDS, "cms"])
def test_what_is_neither_text_nor_number_is_refused(sqlite_client: FlaskClient, field: str) -> None:
    values: list[Any] = [True, False, {"a": 1}, ["a", ["b"]], [None], [True], [{}]]
    values += [] if field == "tags" else [{}]  # That is how PHP may write an empty list.
    for value in values:
        assert f'"{field}"' in refuse(sqlite_client, **{field: value})
    assert rows(sqlite_client) == []


@pytest.mark.parametrize("field", ["document", "thread", "stage", "cms"])
def test_a_list_is_no_text(sqlite_client: FlaskClient, field: str) -> None:
    assert f'"{field}"' in refuse(sqlite_client, **{field: ["a"]})
    assert f'"{field}"' in message_of(
        sqlite_client.post(f"/signature?{field}[]=a", json=filled(**{field: None}))
    )


@pytest.mark.parametrize("field", ["document", "thread", "stage", "tags"])
@pytest.mark.parametrize("value", [True, {"a": 1}, [True]])
def test_a_filter_that_is_neither_text_nor_number_is_refused(
    sqlite_client: FlaskClient, field: str, value: Any
) -> None:
    message = message_of(sqlite_client.get("/signatures", json={field: value}))
    assert f'"{field}"' in message


@pytest.mark.parametrize("tags", [["a", ""], ["a", "  "], ["", "a"]])
def test_a_tag_has_at_least_one_character(sqlite_client: FlaskClient, tags: list[str]) -> None:
    assert '"tags"' in refuse(sqlite_client, tags=tags)


NAMES = ["%", "_", "*", "?", "'", '"', "\\", "Ёж", "😀", "a/b", "a&b=c", "#", "+", "<b>", "\u2028"]


@pytest.mark.parametrize("name", NAMES)
def test_any_character_means_itself(client: FlaskClient, name: str) -> None:
    save(client, document=name, thread=name, stage=name, tags=[name])
    save(client, document="other", thread=name + "x", stage="x" + name, tags=["xx"])
    signature = get(client, name, name)
    assert signature["document"] == signature["thread"] == signature["stage"] == name
    for field in ("document", "thread", "stage", "tags"):
        assert documents(client, urlencode({field: name})) == [name]


def test_names_are_case_sensitive(client: FlaskClient) -> None:
    save(client, document="Doc", thread="Main", tags=["Tag"])
    assert not exists(client, "doc", "Main")
    assert not exists(client, "Doc", "main")
    assert documents(client, "tags=tag") == []
    assert documents(client, "document=DOC") == []


@pytest.mark.parametrize("method", ["x" * 256, "a\0b", ["a"], {"a": 1}, True, "\ud800"])
def test_how_it_was_signed_is_text_of_limited_length(client: FlaskClient, method: Any) -> None:
    assert refuse(client, method=method).startswith('"method" parameter ')
    assert not exists(client)


def test_how_it_was_signed_changes_no_answer(client: FlaskClient) -> None:
    without, given = save(client), save(client, document="other", method="ж" * 255)
    assert list(without) == list(given)
    assert "method" not in get(client, "other")
