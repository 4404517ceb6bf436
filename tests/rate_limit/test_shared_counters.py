"""Counters that processes share, also with one that is killed."""

import os
import subprocess
import sys
import time

import pytest

from app.rate_limit.shared_counters import WAYS, SharedCounters
from tests.live.server import PROJECT

HOUR = 3600
PATIENCE = 60.0


def in_a_process_of_its_own(scenario: str) -> str:
    """Run a scenario of `forking`, for which this process has too many threads."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.rate_limit.forking", scenario],
        cwd=PROJECT,
        capture_output=True,
        check=False,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def set_clock(monkeypatch: pytest.MonkeyPatch, now: float) -> None:
    monkeypatch.setattr("app.rate_limit.shared_counters.time.time", lambda: now)


def test_each_key_is_counted_for_itself() -> None:
    counters = SharedCounters()
    assert [counters.count("one", HOUR)[0] for _ in range(3)] == [1, 2, 3]
    assert counters.count("other", HOUR, 5)[0] == 5
    assert (counters.read("one")[0], counters.read("other")[0], counters.read("third")[0]) == (
        3,
        5,
        0,
    )


def test_a_counter_ends_and_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    counters = SharedCounters()
    set_clock(monkeypatch, 1000.0)
    assert counters.read("key")[1] == 1000.0
    counters.count("key", 60)
    set_clock(monkeypatch, 1059.9)
    assert counters.count("key", 60)[0] == 2
    assert counters.read("key")[1] == 1060.0
    set_clock(monkeypatch, 1060.0)
    assert counters.read("key")[0] == 0
    assert counters.count("key", 60)[0] == 1
    assert counters.read("key")[1] == 1120.0


def test_a_clock_that_is_set_back_keeps_no_one_out(monkeypatch: pytest.MonkeyPatch) -> None:
    counters = SharedCounters()
    set_clock(monkeypatch, 1_000_000.0)
    counters.count("key", 60, 100)
    set_clock(monkeypatch, 1000.0)
    assert counters.count("key", 60)[0] == 1
    assert counters.read("key")[1] == 1060.0


def test_no_hit_is_lost_between_processes_and_threads() -> None:
    assert in_a_process_of_its_own("count") == str(4 * 4 * 500)


def test_a_process_that_is_killed_while_it_counts_holds_up_no_one() -> None:
    assert in_a_process_of_its_own("kill") == "20"


def test_a_full_table_makes_room_and_remembers_who_calls_much() -> None:
    counters = SharedCounters(capacity=16)
    for _ in range(1000):
        counters.count("busy", HOUR)
    for number in range(5000):
        assert counters.count(f"stranger {number}", HOUR)[0] == 1
    assert counters.read("busy")[0] == 1000
    assert len(counters._keys) == 16


def test_places_whose_time_is_over_are_given_first(monkeypatch: pytest.MonkeyPatch) -> None:
    counters = SharedCounters(capacity=WAYS)
    set_clock(monkeypatch, 1000.0)
    counters.count("over", 10, 500)
    for number in range(WAYS - 1):
        counters.count(f"at work {number}", HOUR)
    set_clock(monkeypatch, 1011.0)
    counters.count("new", HOUR)
    assert [counters.read(f"at work {number}")[0] for number in range(WAYS - 1)] == [1] * (WAYS - 1)
    assert counters.read("over")[0] == 0


def test_a_lock_that_can_t_be_had_is_an_error() -> None:
    counters = SharedCounters()
    os.close(counters._file)
    try:
        with pytest.raises(OSError, match="Bad file descriptor"):
            counters.count("key", HOUR)
    finally:
        counters._file = os.memfd_create("another")


@pytest.mark.attacks
def test_a_hit_is_quick() -> None:
    counters = SharedCounters()
    spans = []
    for _ in range(200):
        began = time.perf_counter()
        for _ in range(20):
            counters.count("key", HOUR)
        spans.append((time.perf_counter() - began) / 20)
    # 4 µs where it was measured.
    assert min(spans) < 0.00004
