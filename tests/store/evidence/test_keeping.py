"""What is obtained is kept with the end of its job, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import pytest
from sqlalchemy import Engine, select

from app.store.database.engine import transaction
from app.store.errors import SignatureNotFound
from app.store.evidence import jobs, keeping
from app.store.evidence.keeping import Item, State, TooMuchEvidence, mark_pending
from app.store.evidence.reading import Evidence, read_evidence
from app.store.models import EvidenceThread
from app.store.signatures.large_texts import Key
from tests.store.evidence.queued import (
    COMPLETE,
    LIST,
    OVER,
    claim,
    evidence_of,
    keep,
    left_over,
    queue,
    token,
)
from tests.store.threads import all_at_once, delete

MOMENT = datetime(2026, 11, 29, 4, 0, 0, 123000, tzinfo=UTC)
IMPOSSIBLE = State(
    number=2,
    state="impossible",
    reason="the certificate ended",
    card=False,
    card_reason=[{"template": "the token is {hours} hours old", "values": {"hours": 7}}],
    gen_time=MOMENT,
    lasts_until=MOMENT.replace(year=2028),
)


def read(engine: Engine, key: Key) -> Evidence:
    with engine.connect() as connection:
        return read_evidence(connection, key)


def results(engine: Engine) -> list[tuple[str, int, int]]:
    with engine.connect() as connection:
        rows = connection.execute(select(EvidenceThread.__table__)).all()
    return [(row.state, row.signature_id, row.version) for row in rows]


def test_what_is_kept_is_read_as_it_was(engine: Engine) -> None:
    [key] = queue(engine, "doc")
    claim(engine)
    assert keep(engine, key, "me", COMPLETE, IMPOSSIBLE)
    found = read(engine, key)
    assert [(one.number, one.kind, one.data) for one in found.items] == [
        (1, "crl", LIST),
        (1, "timestamp", token(key).data),
    ]
    assert all(one.sha256 == Item(1, "crl", one.data or b"").sha256 for one in found.items)
    first, second = found.states
    assert (first.number, first.state, first.card, first.reason) == (1, "complete", True, None)
    for name in ("number", "state", "reason", "card", "card_reason", "gen_time", "lasts_until"):
        assert getattr(second, name) == getattr(IMPOSSIBLE, name)
    assert found.job is None
    assert found.state == "impossible"
    assert results(engine) == [("impossible", *key)]


def test_a_list_that_serves_many_versions_is_kept_once(engine: Engine) -> None:
    keys = queue(engine, *map(str, range(5)))
    claim(engine)
    assert all(keep(engine, key) for key in keys)
    assert left_over(engine) == [0, 6, 10, 5, 5]


def test_workers_that_keep_the_same_list_at_once_keep_it_once(engine: Engine) -> None:
    keys = queue(engine, *map(str, range(12)))
    claim(engine)
    assert all_at_once([partial(keep, engine, key) for key in keys]) == [True] * 12
    assert left_over(engine) == [0, 13, 24, 12, 12]


def test_of_workers_that_keep_the_same_version_at_once_one_does(engine: Engine) -> None:
    [key] = queue(engine, "doc")
    claim(engine)
    outcomes = all_at_once([partial(keep, engine, key)] * 8)
    assert sorted(map(bool, outcomes)) == [False] * 7 + [True]
    assert left_over(engine) == [0, 2, 2, 1, 1]


def test_a_part_is_kept_and_the_job_stays(engine: Engine) -> None:
    [key] = queue(engine, "doc")
    claim(engine)
    with transaction(engine) as connection:
        assert mark_pending(connection, key, [token(key)], "me")
    found = read(engine, key)
    assert [one.kind for one in found.items] == ["timestamp"]
    assert found.state == "pending"
    assert found.job is not None
    assert (found.job.attempts, found.job.reason) == (0, None)
    assert found.job.lease_until is not None
    with transaction(engine) as connection:
        reason = [{"template": "no answer", "values": {}}]
        assert mark_pending(connection, key, [], "me", delay_seconds=0.0, reason=reason)
    job = read(engine, key).job
    assert job is not None
    assert (job.attempts, job.reason, job.lease_until) == (1, reason, None)
    claim(engine)
    assert keep(engine, key)
    assert left_over(engine) == [0, 2, 2, 1, 1]


def test_who_lost_the_lease_keeps_no_part(engine: Engine) -> None:
    [key] = queue(engine, "doc")
    claim(engine, seconds=OVER)
    claim(engine, "other")
    with transaction(engine) as connection:
        assert not mark_pending(connection, key, [token(key)], "me", delay_seconds=1.0)
    assert left_over(engine) == [1, 0, 0, 0, 0]
    assert [job.attempts for job in claim(engine)] == []


def test_a_version_that_was_deleted_meanwhile_leaves_no_trace(engine: Engine) -> None:
    [key] = queue(engine, "doc")
    claim(engine)
    delete(engine)
    assert not keep(engine, key)
    with transaction(engine) as connection:
        assert not mark_pending(connection, key, [token(key)], "me")
    assert left_over(engine) == [0, 0, 0, 0, 0]


def test_what_was_kept_is_deleted_with_its_thread(engine: Engine) -> None:
    first, second = queue(engine, "a", "b")
    claim(engine)
    assert keep(engine, first)
    assert keep(engine, second)
    delete(engine, "a")
    # The blob that only it had is swept later.
    assert left_over(engine) == [0, 3, 2, 1, 1]
    assert read(engine, first) == Evidence()


def test_deletions_against_workers_leave_all_or_nothing(engine: Engine) -> None:
    for number in range(10):
        [key] = queue(engine, f"{number}")
        claim(engine)
        calls: list[Callable[[], object]] = [
            partial(keep, engine, key),
            partial(delete, engine, f"{number}"),
        ]
        outcomes = all_at_once(calls * 2)
        kept = [one for one in outcomes if isinstance(one, bool)]
        assert len(kept) == 2
        assert sum(isinstance(one, SignatureNotFound) for one in outcomes) == 1
    assert left_over(engine)[0] == 0
    assert left_over(engine)[2:] == [0, 0, 0]


def test_the_newest_version_that_has_a_result_counts_for_the_thread(engine: Engine) -> None:
    [first] = queue(engine, "doc")
    [second] = queue(engine, "doc", seen=1)
    [third] = queue(engine, "doc", seen=2)
    claim(engine)
    assert keep(engine, second, "me", IMPOSSIBLE)
    assert results(engine) == [("impossible", *second)]
    assert keep(engine, first)
    assert results(engine) == [("impossible", *second)]
    assert keep(engine, third)
    assert results(engine) == [("complete", *third)]


def test_an_error_on_the_way_keeps_nothing_and_the_job(engine: Engine) -> None:
    [key] = queue(engine, "doc")
    claim(engine)

    def interrupted() -> None:
        with transaction(engine) as connection:
            keeping.keep(connection, key, evidence_of(key), [COMPLETE], "me")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert left_over(engine) == [1, 0, 0, 0, 0]
    with transaction(engine) as connection:
        assert jobs.finish(connection, key, "me")


def test_too_much_is_refused(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    [key] = queue(engine, "doc")
    claim(engine)
    monkeypatch.setattr(keeping, "MAX_SIZE", len(LIST) - 1)
    with pytest.raises(TooMuchEvidence, match="bytes"):
        keep(engine, key)
    monkeypatch.setattr(keeping, "MAX_ITEMS", 1)
    with pytest.raises(TooMuchEvidence, match="items"):
        keep(engine, key)
    with transaction(engine) as connection, pytest.raises(ValueError, match="missing"):
        keeping.keep(connection, key, [], [], "me")
    assert left_over(engine) == [1, 0, 0, 0, 0]
