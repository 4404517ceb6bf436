"""Concurrent writers: exactly one wins, and the others get the reason."""

from collections import Counter
from functools import partial

import pytest
from sqlalchemy import Engine

from app.store.errors import SignatureNotFound, StoreError, VersionConflict, VersionNotSet
from app.store.signatures.records import SignatureRecord
from tests.store.threads import (
    all_at_once,
    delete,
    find,
    index_of_tags,
    save,
    stored_versions,
    tags_of_current_versions,
    versions,
)

WRITERS = 16


def winners(outcomes: list[SignatureRecord | Exception]) -> list[SignatureRecord]:
    """Return what was saved."""
    return [outcome for outcome in outcomes if isinstance(outcome, SignatureRecord)]


def kinds(outcomes: list[SignatureRecord | Exception]) -> Counter[type]:
    """Count the outcomes by their types."""
    return Counter(type(outcome) for outcome in outcomes)


def test_of_many_writers_of_one_version_exactly_one_wins(engine: Engine) -> None:
    save(engine, tags=["first"])
    for seen in (1, 2, 3):
        calls = [
            partial(save, engine, seen=seen, cms=f"of {number}", tags=[f"tag {number}", "both"])
            for number in range(WRITERS)
        ]
        outcomes = all_at_once(calls)
        assert kinds(outcomes) == {SignatureRecord: 1, VersionConflict: WRITERS - 1}
        assert versions(engine)[0] == winners(outcomes)[0]
    assert stored_versions(engine) == [(1, 1), (1, 2), (1, 3), (1, 4)]
    assert index_of_tags(engine) == tags_of_current_versions(engine)


def test_of_many_first_saves_of_one_thread_exactly_one_wins(engine: Engine) -> None:
    calls = [
        partial(save, engine, cms=f"of {number}", tags=[f"tag {number}"])
        for number in range(WRITERS)
    ]
    outcomes = all_at_once(calls)
    assert kinds(outcomes) == {SignatureRecord: 1, VersionNotSet: WRITERS - 1}
    assert versions(engine) == winners(outcomes)
    assert index_of_tags(engine) == tags_of_current_versions(engine)


def test_of_many_first_saves_that_say_a_version_exactly_one_wins(engine: Engine) -> None:
    outcomes = all_at_once([partial(save, engine, seen=5, cms=str(n)) for n in range(WRITERS)])
    assert kinds(outcomes) == {SignatureRecord: 1, VersionConflict: WRITERS - 1}
    assert versions(engine) == winners(outcomes)


def test_threads_that_bring_the_same_new_tags_do_not_disturb_each_other(engine: Engine) -> None:
    tags = [f"tag {number}" for number in range(20)]
    calls = [
        partial(save, engine, f"doc {number}", tags=tags[number:] + tags[:number])
        for number in range(WRITERS)
    ]
    outcomes = all_at_once(calls)
    assert kinds(outcomes) == {SignatureRecord: WRITERS}
    assert len(index_of_tags(engine)) == WRITERS * len(tags)
    assert len(find(engine)) == WRITERS


@pytest.mark.slow
def test_versions_of_other_threads_are_no_conflict(engine: Engine) -> None:
    for number in range(WRITERS):
        save(engine, f"doc {number}", tags=["old"])
    calls = [
        partial(save, engine, f"doc {number}", seen=1, tags=["new", str(number)])
        for number in range(WRITERS)
    ]
    assert kinds(all_at_once(calls)) == {SignatureRecord: WRITERS}
    assert index_of_tags(engine) == tags_of_current_versions(engine)


def test_of_many_deleters_exactly_one_wins(engine: Engine) -> None:
    save(engine, tags=["a", "b"])
    save(engine, seen=1, tags=["b", "c"])
    outcomes = all_at_once([partial(delete, engine)] * WRITERS)
    assert Counter(type(outcome) for outcome in outcomes) == {
        type(None): 1,
        SignatureNotFound: WRITERS - 1,
    }
    assert stored_versions(engine) == []
    assert index_of_tags(engine) == set()


def act(engine: Engine, number: int) -> SignatureRecord | None:
    """Delete the thread, or save the version after its first, as the number says."""
    if number % 4 == 0:
        delete(engine)
        return None
    return save(engine, seen=number % 2, cms=str(number), tags=[f"tag {number}", "both"])


@pytest.mark.slow
def test_deleters_against_savers_leave_a_whole_chain_or_nothing(engine: Engine) -> None:
    for _ in range(3):
        outcomes = all_at_once([partial(act, engine, number) for number in range(WRITERS)])
        for outcome in outcomes:
            assert outcome is None or isinstance(outcome, StoreError | SignatureRecord)
        heads = find(engine)
        assert len(heads) <= 1
        expected = [(head.id, n) for head in heads for n in range(1, head.version + 1)]
        assert stored_versions(engine) == expected
        assert index_of_tags(engine) == tags_of_current_versions(engine)
        assert [head.cms for head in heads] == [version.cms for version in versions(engine)][:1]


def push(engine: Engine, times: int) -> int:
    """Save a number of versions, each on the one that is current; give the conflicts on the way."""
    conflicts = 0
    saved = 0
    while saved < times:
        seen = versions(engine)[0].version
        try:
            save(engine, seen=seen, tags=[f"tag {seen}"])
            saved += 1
        except VersionConflict:
            conflicts += 1
    return conflicts


def test_writers_that_try_again_all_get_their_turn_without_a_gap(engine: Engine) -> None:
    save(engine)
    outcomes = all_at_once([partial(push, engine, 5)] * 4)
    assert all(isinstance(outcome, int) for outcome in outcomes)
    assert stored_versions(engine) == [(1, number) for number in range(1, 22)]
    assert index_of_tags(engine) == tags_of_current_versions(engine) == {(1, "tag 20")}
