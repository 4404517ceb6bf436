"""Lists of some ids, or in another order, as the vendor's client asks for them."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.asking import content_of, message_of, save


@pytest.fixture(name="filled")
def filled_client(client: FlaskClient) -> FlaskClient:
    """Provide a client of a server with four threads, the first of which was saved again."""
    for document, thread, tags in (
        ("b", "x1", ["even"]),
        ("a", "x2", []),
        ("d", "y1", ["even"]),
        ("c%", "ж", []),
    ):
        save(client, document=document, thread=thread, tags=tags)
    save(client, document="b", thread="x1", version=1, tags=["even"])
    return client


def rows(client: FlaskClient, **query: Any) -> list[dict[str, Any]]:
    """Return the rows of a list, whose number is counted as well."""
    content = content_of(client.get("/signatures", query_string={"count": 1, **query}))
    if "limit" not in query:
        assert content["nb_results"] == len(content["signatures"])
    found: list[dict[str, Any]] = content["signatures"]
    return found


def test_ids_pick_threads(filled: FlaskClient) -> None:
    ids = [row["id"] for row in rows(filled)]
    assert [row["id"] for row in rows(filled, id=ids[1])] == [ids[1]]
    assert [row["id"] for row in rows(filled, id_lt=ids[1])] == ids[2:]
    assert [row["id"] for row in rows(filled, id_le=ids[1])] == ids[1:]
    assert [row["id"] for row in rows(filled, id_gt=ids[1])] == ids[:1]
    assert [row["id"] for row in rows(filled, id_ge=str(ids[1]))] == ids[:2]
    assert [row["id"] for row in rows(filled, id_ge=ids[2], id_lt=ids[0])] == ids[1:3]
    assert rows(filled, id=10**15) == []
    even = [row["id"] for row in rows(filled, tag="even")]
    assert [row["id"] for row in rows(filled, tag="even", id_gt=even[1])] == even[:1]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"order_field": "id", "order_direction": "asc"}, ["b", "a", "d", "c%"]),
        ({"order_direction": "ASC"}, ["b", "a", "d", "c%"]),
        ({"order_field": "created_at"}, ["c%", "d", "a", "b"]),
        ({"order_field": "document", "order_direction": "asc"}, ["a", "b", "c%", "d"]),
        ({"order_field": "document"}, ["d", "c%", "b", "a"]),
        ({"order_field": "thread", "order_direction": "asc"}, ["b", "a", "d", "c%"]),
        ({"order_field": "updated_at"}, ["b", "c%", "d", "a"]),
        ({"search": "x"}, ["a", "b"]),
        ({"search": "c%"}, ["c%"]),
        ({"search": "%"}, []),
        ({"search": "ж"}, ["c%"]),
        ({"search": "x", "tags": "even"}, ["b"]),
        ({"search": ""}, ["c%", "d", "a", "b"]),
    ],
)
def test_they_are_ordered_and_searched(
    filled: FlaskClient, query: dict[str, str], expected: list[str]
) -> None:
    assert [row["document"] for row in rows(filled, **query)] == expected
    pages = [rows(filled, **query, limit=1, offset=offset) for offset in range(5)]
    assert [row["document"] for page in pages for row in page] == expected


@pytest.mark.parametrize(
    "query",
    [{"id": "x"}, {"id_lt": -1}, {"order_field": "cms"}, {"order_direction": "up"}],
)
def test_what_can_t_be_used_is_named(sqlite_client: FlaskClient, query: dict[str, Any]) -> None:
    message = message_of(sqlite_client.get("/signatures", query_string=query))
    assert next(iter(query)) in message


def test_a_cursor_goes_through_all(filled: FlaskClient) -> None:
    found: list[int] = []
    query: dict[str, Any] = {}
    while page := rows(filled, limit=1, **query):
        found += [row["id"] for row in page]
        query = {"id_lt": found[-1]}
    assert found == [row["id"] for row in rows(filled)]
