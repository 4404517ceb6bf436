"""Lists that are read page by page with a cursor, and counts: kept ones, and up to a bound."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from app.api.ncanode.signatures import views
from app.services.cursors import write_cursor
from app.store.models import KeptCount
from app.store.search import counts
from tests.api.asking import content_of, message_of, save
from tests.asking_tokens import bearer, make_token
from tests.conftest import AppMaker
from tests.store import threads


def ask(client: FlaskClient, **query: Any) -> dict[str, Any]:
    """Return the content of a list."""
    return content_of(client.get("/signatures", query_string=query))


def walk(client: FlaskClient, **query: Any) -> Iterator[list[str]]:
    """Yield the documents of each page."""
    cursor: str | None = ""
    while cursor is not None:
        content = ask(client, cursor=cursor, **query)
        yield [row["document"] for row in content["signatures"]]
        cursor = content["next_cursor"]


@pytest.fixture(name="filled")
def fill(client: FlaskClient) -> FlaskClient:
    """Provide a client of a store of seven threads, a to g."""
    for number, document in enumerate("abcdefg"):
        tags = ["x", "y"] if number % 2 else ["x"]
        stage = "draft" if number % 3 else None
        save(client, document=document, thread="one", stage=stage, tags=tags)
    return client


FILTERS = [
    ({}, "gfedcba"),
    ({"tags": "x"}, "gfedcba"),
    ({"tags": ["x", "y"]}, "gfedcba"),
    ({"tags": ["x", "y"], "tags_mode": "all"}, "fdb"),
    ({"thread": "one"}, "gfedcba"),
    ({"document": "c"}, "c"),
    ({"stage": "draft"}, "fecb"),
    ({"stage": "draft", "tags": "y"}, "fb"),
    ({"signed_from": "2001-01-01"}, "gfedcba"),
    ({"signed_from": "2001-01-01", "tags": "y"}, "fdb"),
    ({"signed_from": "2002-01-01", "signed_to": "2001-01-01"}, ""),
    ({"search": "o"}, "gfedcba"),
    ({"id_gt": 2, "order_direction": "desc", "order_field": "created_at"}, "gfedc"),
    ({"tags": "nowhere"}, ""),
]


@pytest.mark.parametrize(("query", "expected"), FILTERS)
@pytest.mark.parametrize("limit", [1, 2, 7, 8, 201, 0])
def test_pages_hold_each_thread_once_newest_first_up_to_the_last(
    filled: FlaskClient, query: dict[str, Any], expected: str, limit: int
) -> None:
    size = limit or 100
    pages = [expected[first : first + size] for first in range(0, len(expected), size)] or [""]
    assert ["".join(page) for page in walk(filled, limit=limit, **query)] == pages


def test_only_who_asks_with_a_cursor_is_told_the_next_one(filled: FlaskClient) -> None:
    assert list(ask(filled, limit=2)) == ["signatures"]
    assert list(ask(filled, limit=2, count=1, cursor="")) == [
        "signatures",
        "nb_results",
        "next_cursor",
    ]
    content = content_of(filled.get("/signatures", json={"limit": 2, "cursor": None}))
    assert list(content) == ["signatures"]
    assert ask(filled, cursor="  ")["next_cursor"] is None


def test_a_count_beside_a_cursor_is_that_of_all(filled: FlaskClient) -> None:
    cursor = ask(filled, limit=5, cursor="")["next_cursor"]
    content = ask(filled, limit=5, cursor=cursor, count=1)
    assert (content["nb_results"], len(content["signatures"])) == (7, 2)


def test_saves_and_deletions_move_no_page(filled: FlaskClient) -> None:
    cursor = ask(filled, limit=3, cursor="")["next_cursor"]
    save(filled, document="h", thread="one")
    for document in "gde":  # The cursor's own thread is one of them.
        filled.delete(f"/signature?document={document}&thread=one")
    save(filled, document="b", thread="one", version=1)
    save(filled, document="d", thread="one")
    content = ask(filled, limit=2, cursor=cursor)
    assert [row["document"] for row in content["signatures"]] == ["c", "b"]
    content = ask(filled, limit=2, cursor=content["next_cursor"])
    assert [row["document"] for row in content["signatures"]] == ["a"]
    assert content["next_cursor"] is None


def test_a_streamed_page_says_what_follows(client: FlaskClient, engine: Engine) -> None:
    saved = [f"doc {number}" for number in range(450)]
    threads.save_first_versions(engine, saved, tags=["x"], cms="é\"'\\" * 100)
    pages = list(walk(client, tags="x", limit=220))
    assert [len(page) for page in pages] == [220, 220, 10]
    assert [document for page in pages for document in page] == saved[::-1]


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "0",
        "7",
        "абв",
        "AQAAAAAAAAAB=",
        "AQAAAAAAAAA",
        "AgAAAAAAAAAB",
        "AQ//////////",
        "AQAA AAAAAAAB",
        "A" * 5000,
        write_cursor(2**63),
        write_cursor(1) + "AAAA",
    ],
)
def test_what_no_answer_said_is_refused(sqlite_client: FlaskClient, cursor: str) -> None:
    message = message_of(sqlite_client.get("/signatures", query_string={"cursor": cursor}))
    assert message == '"cursor" parameter must be the "next_cursor" of an answer, or empty'


@pytest.mark.parametrize("cursor", [True, [], {}])
def test_what_is_no_text_is_refused(sqlite_client: FlaskClient, cursor: Any) -> None:
    message = message_of(sqlite_client.get("/signatures", json={"cursor": cursor}))
    assert message == '"cursor" parameter must be text'


@pytest.mark.parametrize(
    "other",
    [{"offset": 1}, {"order_field": "document"}, {"order_direction": "asc"}],
)
def test_another_way_of_paging_is_refused_beside_it(
    sqlite_client: FlaskClient, other: dict[str, Any]
) -> None:
    query = {"cursor": "", **other}
    message = message_of(sqlite_client.get("/signatures", query_string=query))
    assert message == f'"cursor" parameter can\'t be used with "{next(iter(other))}"'
    assert ask(sqlite_client, cursor="", offset=0)["next_cursor"] is None


def test_a_token_of_a_tag_prefix_pages_through_its_own(make_app: AppMaker) -> None:
    app = make_app(AUTH="on")
    admin, bound = make_token(app, "admin", "admin"), make_token(app, "own", "read", tag_prefix="x")
    client = app.test_client()
    for number in range(6):
        client.environ_base["HTTP_AUTHORIZATION"] = bearer(admin)["Authorization"]
        save(client, document=str(number), tags=["x1" if number % 2 else "z"])
    client.environ_base["HTTP_AUTHORIZATION"] = bearer(bound)["Authorization"]
    assert list(walk(client, tags="x1", limit=2)) == [["5", "3"], ["1"]]
    message_of(client.get("/signatures?tags=z&cursor="), 403)


@pytest.mark.parametrize("query", [query for query, _ in FILTERS])
def test_a_bounded_count_is_exact_up_to_its_bound(
    filled: FlaskClient, query: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = ask(filled, count=1, limit=1, **query)["nb_results"]
    for bound in (1, 3, 4, 6, 7, 8):
        monkeypatch.setattr(views, "COUNT_BOUND", bound)
        for limit in (1, 300):
            content = ask(filled, count="bounded", limit=limit, **query)
            assert content["nb_results"] == min(bound, exact)
            assert content["nb_results_exact"] is (exact <= bound)


def test_only_the_words_for_a_count_are_taken(sqlite_client: FlaskClient) -> None:
    assert ask(sqlite_client, count="Bounded")["nb_results_exact"] is True
    message = message_of(sqlite_client.get("/signatures?count=some"))
    assert message == '"count" parameter must be true, false or bounded'


@pytest.mark.parametrize("page", [{"limit": 1}, {}, {"limit": 201}])
def test_a_count_of_many_is_kept_and_stays_exact(
    filled: FlaskClient, engine: Engine, page: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "MANY", 3)
    queries: list[dict[str, Any]] = [{}, {"tags": "x"}, {"tags": "y"}, {"stage": "draft"}]

    def numbers() -> list[int]:
        return [ask(filled, count=1, **query, **page)["nb_results"] for query in queries]

    assert numbers() == [7, 7, 3, 4]
    with engine.connect() as connection:
        kept = set(connection.execute(select(KeptCount.key, KeptCount.number)).all())
    assert kept == {("all", 7), ("tag:x", 7), ("stage:draft", 4)}
    save(filled, document="b", thread="one", version=1, tags=["y"])
    save(filled, document="h", thread="one", tags=["x"], stage="draft")
    filled.delete("/signature?document=c&thread=one")
    assert numbers() == [7, 6, 3, 3]
