"""A thread's timeline: versions, who came, who was lost, and how each stands."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.extensions import db
from tests.api import people
from tests.api.asking import filled, save
from tests.store.test_statements import counted_statements
from tests.web.browsing import see, words

NAMED = "document=doc&thread=main"


def lose(client: FlaskClient, **fields: Any) -> None:
    """Save a version that drops a signer, of which the answer warns."""
    assert client.post("/signature", json=filled(**fields)).status_code == 201


def test_it_tells_who_came_and_who_was_lost(either: Flask) -> None:
    office = either.test_client()
    ivan, chief = people.ivan(), people.chief()
    save(office, cms=people.cms(ivan), version_created_by="clerk", tags=["t"])
    save(office, cms=people.cms(ivan, chief), version=1, version_comment="both <now>")
    lose(office, cms=people.cms(chief), version=2, stage="last")
    html = see(office, f"/app/thread?{NAMED}")
    parts = html.split('<li class="sheet">')[1:]
    newest, second, first = map(words, parts)
    assert "Lost since the version before: ИВАНОВ ИВАН" in newest
    assert "stage last" in newest
    assert "New: ПЕТРОВА АННА" in second
    assert "both <now>" in second
    assert "Lost" not in second
    assert "New:" not in first
    assert "clerk" in first
    assert "valid and trusted when saved, revocation aside" in first


def test_who_came_and_who_was_lost_is_told_with_how_that_stands(office: FlaskClient) -> None:
    save(office, cms=people.cms(people.chief()))
    lose(office, cms=people.cms(people.impostor()), version=1)
    newest, _ = map(words, see(office, f"/app/thread?{NAMED}").split('<li class="sheet">')[1:])
    lost, _, came = newest.partition("New:")
    assert "valid and trusted when saved" in lost
    assert came.partition("Signers")[0].rstrip().endswith(("refused", "not known"))


@pytest.mark.parametrize("document", ["&x=1#", "<script>", "ё/ё", "a+b c", '"quoted"'])
def test_any_name_leads_to_its_pages(office: FlaskClient, document: str) -> None:
    save(office, document=document)
    named = urlencode({"document": document, "thread": "main"})
    html = see(office, f"/app/thread?{named}")
    assert "<script>" not in html
    assert document in words(html)
    see(office, f"/app/version?{named}&version=1")


def test_a_long_thread_comes_in_pages_that_are_compared_across(office: FlaskClient) -> None:
    save(office, cms=people.cms(people.chief()))
    lose(office, version=1, cms=people.cms(people.ivan()))
    for version in range(2, 22):
        save(office, version=version, cms=people.cms(people.ivan()))
    html = see(office, f"/app/thread?{NAMED}")
    assert html.count('<li class="sheet">') == 20
    assert "Lost since" not in html
    assert "before=3" in html
    earlier = see(office, f"/app/thread?{NAMED}&before=3")
    assert earlier.count('<li class="sheet">') == 2
    assert "Lost since the version before: ПЕТРОВА" in words(earlier)


def test_the_number_of_statements_is_constant(either: Flask) -> None:
    office = either.test_client()
    numbers = set()
    with either.app_context():
        engine = db.engine
    for version in range(5):
        save(office, version=version, cms=people.cms(people.ivan(), people.chief()))
        see(office, f"/app/thread?{NAMED}")
        with counted_statements(engine) as statements:
            see(office, f"/app/thread?{NAMED}")
        numbers.add(len([one for one in statements if "SELECT" in one]))
    assert len(numbers) == 1
    assert max(numbers) <= 4


@pytest.mark.parametrize(
    "query",
    [
        "",
        "document=doc",
        "document=doc&thread=none",
        "document=%00&thread=main",
        f"{NAMED}&before=x",
        f"{NAMED}&before=0",
        f"{NAMED}&before=99999999999",
        f"{NAMED}&before=1",
    ],
)
def test_what_is_not_there_is_not_found(office: FlaskClient, query: str) -> None:
    save(office)
    assert "There is nothing here" in see(office, f"/app/thread?{query}", 404)


def test_marks_of_direction_are_shown_as_such(office: FlaskClient) -> None:
    marks = "\u061c\u200f\u202e\u2067"
    save(office, document=f"doc{marks}", thread=f"main{marks}", version_comment=f"x{marks}")
    named = urlencode({"document": f"doc{marks}", "thread": f"main{marks}"})
    for path in (f"/app/thread?{named}", f"/app/version?{named}&version=1", "/app"):
        html = see(office, path)
        assert not set(html) & set(marks)
        assert "main" + "\ufffd" * 4 in html
    assert "%E2%80%AE" in html
