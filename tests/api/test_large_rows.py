"""Signatures that are too large to be fetched with many others: they are answered like all."""

import json
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from app.api import envelope
from app.store.errors import SignatureNotFound
from app.store.search.criteria import Criteria
from app.store.signatures import reading, weighing
from app.store.signatures.listing import Page, find_page
from app.store.signatures.rows import PLAIN
from tests.api.asking import content_of
from tests.store import threads

#: Each of another length, some at the bounds; what JSON writes otherwise is among it.
TEXTS = [
    "small",
    "s" * weighing.SMALL,
    "s" * (weighing.SMALL + 1),
    'é"\\\n' * 40_000,
    "l" * (envelope.WHOLE + 1),
    'ж"\\\n\u2028' * envelope.WHOLE,
]


@pytest.fixture(autouse=True)
def _saved(engine: Engine) -> None:
    for number, text in enumerate(TEXTS):
        threads.save(engine, f"doc {number}", cms=text, tags=["x"])
        threads.save(engine, "all", seen=number, cms=text)


@pytest.mark.parametrize(
    "query", ["", "&limit=20", "&limit=20&tags=x", "&with=signers", "&with=evidence"]
)
def test_a_list_contains_them_whole(client: FlaskClient, query: str) -> None:
    rows = content_of(client.get(f"/signatures?thread=main{query}"))["signatures"]
    reported = {row["document"]: row for row in rows}
    for number, text in enumerate(TEXTS):
        assert reported[f"doc {number}"]["cms"] == reported[f"doc {number}"]["signature"] == text
        assert reported[f"doc {number}"]["version"] == 1


@pytest.mark.parametrize("query", ["", "&diff=true", "&with=signers", "&with=evidence"])
def test_versions_contain_them_whole(client: FlaskClient, query: str) -> None:
    rows = content_of(client.get(f"/signature/versions?document=all&thread=main{query}"))
    assert [row["cms"] for row in rows["versions"]] == TEXTS[::-1]
    assert [row["signature"] for row in rows["versions"]] == TEXTS[::-1]


def test_one_is_answered_whole(client: FlaskClient) -> None:
    for number, text in enumerate(TEXTS):
        row = content_of(client.get(f"/signature?document=doc {number}&thread=main"))["signature"]
        assert row["cms"] == row["signature"] == text


def test_what_is_left_out_is_not_read(client: FlaskClient) -> None:
    rows = content_of(client.get("/signatures?thread=main&without=cms"))["signatures"]
    assert not any("cms" in row for row in rows)


@pytest.mark.parametrize("gone", ["doc 5", "doc 4", "doc 2", "doc 0"])
def test_a_thread_that_is_deleted_while_it_is_listed_is_left_out(
    client: FlaskClient, engine: Engine, gone: str
) -> None:
    """Or is answered, if its signature was small enough to be read with all others."""
    with engine.connect() as connection:
        records = find_page(connection, Page(Criteria(tags=("x",)), 20)) or []
    threads.delete(engine, gone)
    write = partial(envelope.signature, zone=ZoneInfo("UTC"), carried=PLAIN)
    with client.application.test_request_context():
        answer = envelope.success_list("signatures", map(write, records), {})
    reported = [row["document"] for row in json.loads(answer.data)["content"]["signatures"]]
    left = [f"doc {number}" for number in (5, 4, 3, 2, 1, 0)]
    if gone != "doc 0":
        left.remove(gone)
    assert reported == left


def test_one_that_is_deleted_before_it_is_answered_is_not_found(
    client: FlaskClient, engine: Engine
) -> None:
    with engine.connect() as connection:
        record = reading.get_signature(connection, "doc 5", "main")
    threads.delete(engine, "doc 5")
    row = envelope.signature(record, ZoneInfo("UTC"), PLAIN)
    with client.application.test_request_context(), pytest.raises(SignatureNotFound):
        envelope.success_one("signature", row)
