"""Hosts that fail several times are left alone, by all workers, and tried again by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import Engine

from app.store.evidence import circuits
from app.store.evidence.circuits import FAILURES, LONGEST, MAX_HOST, MAX_REASON, PROBE, Circuit
from tests.store.threads import all_at_once

NOW = datetime(2026, 11, 29, 4, 0, tzinfo=UTC)
HOST = "ocsp.example"
SECOND = timedelta(seconds=1)


def fail(engine: Engine, times: int = 1, at: datetime = NOW, host: str = HOST) -> None:
    for number in range(times):
        with engine.connect() as connection:
            circuits.note_failure(connection, host, f"no answer {number}", at)


def is_open(engine: Engine, at: datetime = NOW, host: str = HOST) -> bool:
    with engine.connect() as connection:
        return circuits.is_open(connection, host, at)


def listed(engine: Engine) -> list[Circuit]:
    with engine.connect() as connection:
        return circuits.list_circuits(connection)


def test_a_host_is_left_alone_after_five_failures(engine: Engine) -> None:
    assert not is_open(engine)
    fail(engine, FAILURES - 1)
    assert not is_open(engine)
    fail(engine, host="tsp.example")
    fail(engine)
    assert is_open(engine)
    assert not is_open(engine, host="tsp.example")
    assert listed(engine) == [
        Circuit(HOST, FAILURES, NOW + timedelta(minutes=1), "no answer 0"),
        Circuit("tsp.example", 1, None, "no answer 0"),
    ]


def test_a_success_closes_it(engine: Engine) -> None:
    fail(engine, FAILURES)
    with engine.connect() as connection:
        circuits.note_success(connection, HOST)
        circuits.note_success(connection, "never.failed")
    assert not is_open(engine)
    assert listed(engine) == []


def test_failures_of_requests_that_were_under_way_do_not_count(engine: Engine) -> None:
    fail(engine, FAILURES)
    fail(engine, 10, NOW + SECOND)
    assert listed(engine)[0][1:3] == (FAILURES, NOW + timedelta(minutes=1))


def test_the_time_doubles_to_an_hour_with_each_probe_that_fails(engine: Engine) -> None:
    fail(engine, FAILURES)
    lengths = []
    at = NOW
    for _ in range(8):
        [circuit] = listed(engine)
        assert circuit.open_until is not None
        lengths.append(circuit.open_until - at)
        at = circuit.open_until
        assert not is_open(engine, at)
        fail(engine, at=at)
    assert lengths == [timedelta(minutes=2**n) for n in range(6)] + [LONGEST] * 2


def test_one_of_many_is_let_through_when_the_time_is_over(engine: Engine) -> None:
    fail(engine, FAILURES)
    later = NOW + timedelta(minutes=1)
    outcomes = all_at_once([partial(is_open, engine, later)] * 12)
    assert sorted(map(bool, outcomes)) == [False] + [True] * 11
    # That one was killed: another is let through.
    assert is_open(engine, later + PROBE - SECOND)
    assert not is_open(engine, later + PROBE)


def test_what_a_clock_wrote_that_was_a_year_ahead_is_over(engine: Engine) -> None:
    ahead = NOW + timedelta(days=365)
    fail(engine, FAILURES, at=ahead)
    assert is_open(engine, at=ahead)
    assert not is_open(engine)
    assert is_open(engine), "only one is let through"
    fail(engine)
    assert is_open(engine)
    assert not is_open(engine, at=NOW + LONGEST)


def test_failures_noted_at_once_are_all_counted(engine: Engine) -> None:
    assert all_at_once([partial(fail, engine)] * (FAILURES - 1)) == [None] * (FAILURES - 1)
    assert listed(engine)[0].failures == FAILURES - 1


def test_names_and_reasons_are_bounded_and_so_is_their_number(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine.connect() as connection:
        circuits.note_failure(connection, "h" * 1000, "r\x00" * 1000)
    [circuit] = listed(engine)
    assert (len(circuit.host), len(circuit.reason)) == (MAX_HOST, MAX_REASON // 2)
    monkeypatch.setattr(circuits, "MAX_HOSTS", 2)
    for host in ("b", "c", "b"):
        fail(engine, host=host)
    assert [(one.host[:1], one.failures) for one in listed(engine)] == [("b", 2), ("h", 1)]
