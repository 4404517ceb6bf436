"""The queue: each job is claimed by one worker at a time, and none is lost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from app.cms import Reason
from app.store.database.engine import transaction
from app.store.errors import VersionConflict
from app.store.evidence import jobs
from app.store.evidence.jobs import JobCounts
from app.store.evidence.reading import read_evidence
from app.store.evidence.reasons import MAX_CHARACTERS, MAX_SENTENCES, bounded, read_reasons
from app.store.models import EvidenceJob
from app.store.signatures.large_texts import Key
from tests.conftest import EngineMaker
from tests.store.evidence.queued import (
    OVER,
    claim,
    claimed,
    keep,
    left_over,
    number_of_rows,
    queue,
)
from tests.store.threads import all_at_once, delete, save

WORKERS, VERSIONS = 12, 60


def counts(engine: Engine) -> JobCounts:
    with engine.connect() as connection:
        return jobs.count(connection)


def finish(engine: Engine, key: Key, holder: str = "me") -> bool:
    with transaction(engine) as connection:
        return jobs.finish(connection, key, holder)


def put_off(
    engine: Engine, key: Key, seconds: float, holder: str = "me", reason: str | None = None
) -> bool:
    with transaction(engine) as connection:
        return jobs.put_off(connection, key, holder, seconds, reason)


def due_within(engine: Engine, seconds: float) -> bool:
    with engine.connect() as connection:
        return jobs.due_within(connection, seconds)


def test_a_save_adds_a_job_only_if_it_says_an_urgency(engine: Engine) -> None:
    queue(engine, "without", urgency=None)
    assert counts(engine) == JobCounts(0, None, 0)
    [key] = queue(engine, "with", urgency=0)
    found = counts(engine)
    assert (found.pending, found.due) == (1, 1)
    assert found.oldest_at is not None
    assert datetime.now(UTC) - found.oldest_at < timedelta(minutes=1)
    [job] = claim(engine)
    assert (job.key, job.attempts) == (key, 0)


def test_each_version_of_a_thread_has_a_job_of_its_own(engine: Engine) -> None:
    [first] = queue(engine, "doc")
    [second] = queue(engine, "doc", seen=1)
    assert second == (first.signature_id, 2)
    assert claimed(engine) == [first, second]


def test_a_save_that_comes_too_late_adds_no_job(engine: Engine) -> None:
    queue(engine, "doc", urgency=None)
    queue(engine, "doc", urgency=None, seen=1)
    with pytest.raises(VersionConflict):
        queue(engine, "doc", seen=1)
    assert counts(engine).pending == 0


def test_the_most_urgent_come_first_then_those_that_wait_the_longest(engine: Engine) -> None:
    [late] = queue(engine, "a", urgency=2)
    [soon] = queue(engine, "b", urgency=0)
    [later] = queue(engine, "c", urgency=2)
    [month] = queue(engine, "d", urgency=1)
    with transaction(engine) as connection:
        long_ago = datetime(2026, 1, 1, tzinfo=UTC)
        waits = EvidenceJob.signature_id == later.signature_id
        connection.execute(update(EvidenceJob).where(waits).values(due_at=long_ago))
    assert [job.key for job in claim(engine, limit=3)] == [soon, month, later]
    assert claimed(engine) == [late]
    assert claimed(engine) == []


def test_many_workers_claim_each_job_once(engine: Engine) -> None:
    keys = queue(engine, *map(str, range(VERSIONS)))

    def work(holder: str) -> list[Key]:
        found: list[Key] = []
        while some := claim(engine, holder, limit=3):
            found += [job.key for job in some]
        return found

    outcomes = all_at_once([partial(work, f"worker {number}") for number in range(WORKERS)])
    found = [key for one in outcomes if isinstance(one, list) for key in one]
    assert sorted(found) == keys
    assert counts(engine)[::2] == (VERSIONS, 0)


def test_a_claim_does_not_wait_for_another_one(
    open_engine: EngineMaker, postgresql_url: str
) -> None:
    engine = open_engine(postgresql_url)
    first, second = queue(engine, "a", "b")
    with transaction(engine) as connection:
        [job] = jobs.claim(connection, 1, "slow", 600.0)
        assert job.key == first
        assert claimed(engine) == [second]


def test_a_lease_that_ended_goes_to_another_and_counts_as_an_attempt(engine: Engine) -> None:
    [key] = queue(engine, "doc")
    claim(engine, "killed", seconds=OVER)
    [job] = claim(engine, "other")
    assert (job.key, job.attempts) == (key, 1)
    assert not put_off(engine, key, 5.0, "killed")
    assert not keep(engine, key, "killed")
    assert not finish(engine, key, "killed")
    assert left_over(engine) == [1, 0, 0, 0, 0]
    assert keep(engine, key, "other")
    assert left_over(engine) == [0, 2, 2, 1, 1]


DAY = 86_400.0


def test_a_lease_by_a_clock_that_was_ahead_has_ended(engine: Engine) -> None:
    [key] = queue(engine, "doc")
    claim(engine, "ahead", seconds=DAY)
    with engine.connect() as connection:
        assert jobs.due_within(connection, 0)
    [job] = claim(engine, "other")
    assert (job.key, job.attempts) == (key, 1)
    assert not finish(engine, key, "ahead")
    assert claim(engine, "third") == []


def test_what_a_clock_put_off_that_was_ahead_is_due_again(engine: Engine) -> None:
    far, near = queue(engine, "far", "near")
    claim(engine)
    assert put_off(engine, far, DAY)
    assert put_off(engine, near, jobs.LONGEST)
    assert claimed(engine) == []
    with engine.connect() as connection:
        assert jobs.hasten_far(connection) == 1
        assert jobs.hasten_far(connection) == 0
    assert claimed(engine) == [far]


def test_a_lease_that_ended_is_still_the_holder_s_if_nobody_took_it(engine: Engine) -> None:
    [key] = queue(engine, "doc")
    claim(engine, seconds=OVER)
    assert finish(engine, key)
    assert not finish(engine, key)


def test_what_is_put_off_comes_back_with_its_reason(engine: Engine) -> None:
    [key] = queue(engine, "doc")
    claim(engine)
    assert put_off(engine, key, 3600.0, reason="the server did not answer")
    assert claimed(engine) == []
    assert counts(engine)[::2] == (1, 0)
    with engine.connect() as connection:
        job = read_evidence(connection, key).job
    assert job is not None
    assert (job.attempts, job.lease_until, job.reason) == (1, None, "the server did not answer")
    assert timedelta(minutes=59) < job.due_at - datetime.now(UTC) < timedelta(minutes=61)
    with transaction(engine) as connection:
        assert jobs.retry_now(connection, Key(key.signature_id, 2)) == 0
        assert jobs.retry_now(connection, key) == 1
        assert jobs.retry_now(connection) == 0
    assert [job.attempts for job in claim(engine)] == [1]


def test_a_worker_that_ends_gives_back_what_it_holds(engine: Engine) -> None:
    first, second = queue(engine, "a", "b")
    claim(engine, "ends", limit=1)
    assert claimed(engine, "stays") == [second]
    with transaction(engine) as connection:
        assert jobs.give_back(connection, "ends") == 1
    assert [(job.key, job.attempts) for job in claim(engine)] == [(first, 0)]


def test_it_is_said_whether_a_claim_would_find_something(engine: Engine) -> None:
    assert not due_within(engine, 0.0)
    [key] = queue(engine, "doc", urgency=1)
    assert due_within(engine, 0.0)
    claim(engine, seconds=30.0)
    assert not due_within(engine, 10.0)
    assert due_within(engine, 40.0)
    put_off(engine, key, 30.0)
    assert not due_within(engine, 10.0)
    assert due_within(engine, 40.0)


def test_versions_of_before_are_added_once_and_no_deleted_ones(engine: Engine) -> None:
    keys = queue(engine, *map(str, range(3)), urgency=None)
    save(engine, "gone")
    missing = Key(keys[-1].signature_id + 1, 1)
    delete(engine, "gone")
    with transaction(engine) as connection:
        assert jobs.enqueue(connection, [*keys, missing, keys[0]], 1) == 3
        assert jobs.enqueue(connection, keys, 1) == 0
        assert jobs.enqueue(connection, [], 1) == 0
    assert sorted(claimed(engine)) == keys


def test_many_versions_are_added_in_several_statements(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_BATCH", 2)
    keys = queue(engine, *map(str, range(5)), urgency=None)
    with transaction(engine) as connection:
        assert jobs.enqueue(connection, keys, 0) == 5
    assert sorted(claimed(engine)) == keys


def test_finished_versions_are_added_again_only_on_demand(engine: Engine) -> None:
    [key] = queue(engine, "doc")
    claim(engine)
    keep(engine, key)
    with transaction(engine) as connection:
        assert jobs.enqueue(connection, [key], 2) == 0
        assert jobs.enqueue(connection, [key], 2, again=True) == 1
    with engine.connect() as connection:
        found = read_evidence(connection, key)
    assert found.state == "pending"
    assert len(found.items) == 2
    assert left_over(engine) == [1, 2, 2, 1, 0]
    assert claimed(engine) == [key]
    assert keep(engine, key)
    assert left_over(engine) == [0, 2, 2, 1, 1]


def test_a_thread_that_is_deleted_while_it_is_leased_has_no_job(engine: Engine) -> None:
    [key] = queue(engine, "doc")
    claim(engine)
    delete(engine)
    assert not put_off(engine, key, 5.0)
    assert not finish(engine, key)
    assert number_of_rows(engine, EvidenceJob) == [0]


def test_the_time_to_the_next_attempt_doubles_between_its_bounds() -> None:
    least = [jobs.backoff(number, lambda: 0.0) for number in range(40)]
    most = [jobs.backoff(number, lambda: 1.0) for number in range(40)]
    assert least[:4] == [5.0, 10.0, 20.0, 40.0]
    assert most[:4] == [10.0, 20.0, 40.0, 80.0]
    assert (max(least), max(most)) == (1800.0, 3600.0)
    assert jobs.backoff(10**9, lambda: 0.5) == 2700.0


def test_reasons_are_stored_within_bounds() -> None:
    long = "я" * MAX_CHARACTERS * 2
    assert bounded(None) is None
    assert bounded([]) is None
    assert bounded(f"a\x00{long}\ud800") == f"a\N{REPLACEMENT CHARACTER}{long}"[:MAX_CHARACTERS]
    assert bounded("\ud800") == "?"
    reasons: list[Reason | Mapping[str, Any]] = [
        Reason("{host} answered {code}", {"host": long, "code": 503, "large": 2**70, "no": None}),
        {"template": long, "values": None},
    ]
    first, second = list(bounded(reasons) or ())
    assert first == {
        "template": "{host} answered {code}",
        "values": {"host": long[:MAX_CHARACTERS], "code": 503, "large": str(2**70), "no": None},
    }
    assert second == {"template": long[:MAX_CHARACTERS], "values": {}}
    assert len(bounded(reasons * MAX_SENTENCES) or []) == MAX_SENTENCES


def test_a_reason_of_sentences_comes_back_as_it_was(engine: Engine) -> None:
    [key] = queue(engine, "doc")
    claim(engine)
    with transaction(engine) as connection:
        jobs.put_off(connection, key, "me", 0.0, [Reason("{host} is down", {"host": "ocsp"})])
        found = connection.execute(select(EvidenceJob.reason)).scalar_one()
    assert found == [{"template": "{host} is down", "values": {"host": "ocsp"}}]


def test_a_time_is_read_as_it_was_given() -> None:
    moment = datetime(2026, 9, 1, 10, tzinfo=UTC)
    values = {"when": moment, "subject": "2026-02-31 10:00:00+00:00", "text": "2026-09-01"}
    [read] = read_reasons(bounded([Reason("{when} {subject} {text}", values)]))
    assert read.values == values
