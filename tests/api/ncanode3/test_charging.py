"""What other processes compute for a caller counts against the caller's CPU_LIMIT."""

from __future__ import annotations

from collections.abc import Iterator
from resource import RUSAGE_CHILDREN, getrusage
from threading import Event
from typing import Any

import pytest
from flask import Flask

from app.api.ncanode3 import batches
from app.rate_limit.computing import Computing, computing_of
from app.services.shared_work import SharedWork
from tests.api.ncanode3.asking import BASE, base64
from tests.conftest import AppMaker
from tests.pdf.writing import Draft

PDF = base64(Draft().data)
CALLER = "address 127.0.0.1"


def computing(app: Flask) -> Computing:
    found = computing_of(app)
    assert found
    return found


def charged(app: Flask) -> float:
    """Return the seconds that the caller was charged."""
    return computing(app)._counters.read(CALLER)[0] / 1e6


def of_children() -> float:
    """Return the seconds of CPU time of all processes that were started here and have ended."""
    usage = getrusage(RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def ask(app: Flask, pdfs: list[str]) -> list[int]:
    answer = app.test_client().post(f"{BASE}/pdf/verify/batch", json={"pdfs": pdfs})
    results: list[dict[str, Any]] = answer.get_json()["results"]
    answer.close()
    return [one["status"] for one in results]


@pytest.fixture(name="helped")
def app_with_a_helper(
    request: pytest.FixtureRequest, start_own_app: AppMaker, sqlite_url: str
) -> Iterator[Flask]:
    """Provide an application with another one that helps, as two workers have the same counters."""
    limit = getattr(request, "param", "100/hour")
    app, other = (
        start_own_app(DATABASE_URL=sqlite_url, ALLOW_OPEN="1", CPU_LIMIT=limit) for _ in range(2)
    )
    computing(other)._counters = computing(app)._counters
    shared: SharedWork = app.extensions["shared work"]
    shared.open(2)
    helper = SharedWork()
    helper.make = other.extensions["shared work"].make
    helper._boxes = shared._boxes
    helper.start(1)
    yield app
    helper.stop()
    shared.stop()


@pytest.fixture(name="first")
def helper_goes_first(monkeypatch: pytest.MonkeyPatch) -> Event:
    """Have the worker that asks do nothing before the other one has begun."""
    began, do = Event(), batches.Performer.do

    def note(self: batches.Performer, item: Any) -> bytes:
        if self.is_guest:
            began.set()
        else:
            assert began.wait(30)
        return do(self, item)

    monkeypatch.setattr(batches.Performer, "do", note)
    return began


def test_a_process_that_reads_a_pdf_is_charged(start_own_app: AppMaker, sqlite_url: str) -> None:
    app = start_own_app(DATABASE_URL=sqlite_url, ALLOW_OPEN="1", CPU_LIMIT="100/hour")
    before = of_children()
    app.test_client().post(f"{BASE}/pdf/verify", json={"pdf": PDF}).close()
    assert 0.01 < of_children() - before <= charged(app)


def test_a_process_of_a_helper_is_charged(helped: Flask, first: Event) -> None:
    before = of_children()
    assert ask(helped, [PDF] * 8) == [404] * 8
    assert first.is_set()
    assert 0.05 < of_children() - before <= charged(helped)


def test_what_a_helper_does_for_a_client_that_went_away_is_charged(
    helped: Flask, first: Event
) -> None:
    before = of_children()
    response = helped.test_client().post(
        f"{BASE}/pdf/verify/batch", json={"pdfs": [PDF] * 40}, buffered=False
    )
    pieces = iter(response.response)
    next(pieces)
    next(pieces)
    response.close()
    # A helper that is at work finishes what it has.
    assert ask(helped, [PDF] * 8) == [404] * 8
    assert first.is_set()
    assert of_children() - before <= charged(helped)


@pytest.mark.parametrize("helped", ["1/hour"], indirect=True)
def test_a_helper_stops_where_the_limit_is_used_up(helped: Flask, first: Event) -> None:
    before = of_children()
    statuses = ask(helped, [PDF] * 200)
    assert first.is_set()
    assert set(statuses) == {404, 429}
    # Groups that two workers have begun end in any order; none begins afterwards.
    assert statuses[32:] == [429] * 168
    assert of_children() - before < 2
