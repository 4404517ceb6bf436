"""Lists of threads by the evidence of their current version."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from tests.api.asking import message_of
from tests.api.test_cursor import ask, walk
from tests.store.evidence.queued import claim, keep, queue
from tests.store.evidence.test_reading import IMPOSSIBLE

STATES = {"pending": "ied", "complete": "hb", "impossible": "c"}


@pytest.fixture(name="filled")
def fill(client: FlaskClient, engine: Engine) -> FlaskClient:
    """Provide a client of a store of nine threads, a to i, one of which has no evidence."""
    queue(engine, "a", urgency=None)
    _, bad, *_ = complete = queue(engine, *"bcdefgh")
    claim(engine)
    for key in complete:
        if key == bad:
            keep(engine, key, "me", IMPOSSIBLE)
        elif key in (complete[0], *complete[2:4], *complete[-3:]):
            keep(engine, key)
    # A newer version has the states of its own: it waits, or was saved without a job.
    queue(engine, *"de", seen=1)
    queue(engine, *"fg", seen=1, urgency=None)
    queue(engine, "i")
    return client


@pytest.mark.parametrize(("state", "documents"), STATES.items())
def test_a_list_has_the_threads_of_one_state_newest_first(
    filled: FlaskClient, state: str, documents: str
) -> None:
    content = ask(filled, evidence=state, count=1)
    assert "".join(row["document"] for row in content["signatures"]) == documents
    assert content["nb_results"] == len(documents)
    bounded = ask(filled, evidence=state, count="bounded", limit=1)
    assert bounded["nb_results"] == len(documents)
    assert [row["document"] for row in bounded["signatures"]] == [documents[0]]
    pages = list(walk(filled, evidence=state, limit=1))
    assert pages == [[document] for document in documents]
    assert ask(filled, evidence=state, limit=1, offset=len(documents))["signatures"] == []
    ordered = ask(filled, evidence=state, order_field="document", order_direction="asc")
    assert "".join(row["document"] for row in ordered["signatures"]) == documents[::-1]


def test_it_goes_with_other_filters(filled: FlaskClient) -> None:
    assert ask(filled, evidence="complete", document="b", count=1)["nb_results"] == 1
    assert ask(filled, evidence="complete", document="c", count=1)["nb_results"] == 0
    assert ask(filled, evidence="pending", tags="none", count=1)["nb_results"] == 0
    assert ask(filled, evidence="", count=1)["nb_results"] == 9


def test_any_other_word_is_refused(filled: FlaskClient) -> None:
    answer = filled.get("/signatures", query_string={"evidence": "absent"})
    assert answer.status_code == 400
    expected = '"evidence" parameter must be one of pending, complete, impossible'
    assert message_of(answer) == expected
