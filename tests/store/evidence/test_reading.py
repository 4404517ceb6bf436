"""Reads of evidence: everything of one version, and the states of a page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, event

from app.store.database.engine import transaction
from app.store.evidence import jobs
from app.store.evidence.keeping import Item, State, keep
from app.store.evidence.reading import Evidence, VersionStates, read_evidence, read_states
from app.store.signatures.large_texts import Key
from tests.store.evidence.queued import COMPLETE, LIST, claim, queue

IMPOSSIBLE = State(number=2, state="impossible", reason="revoked", card=False, card_reason="no")


@contextmanager
def counting(engine: Engine) -> Iterator[list[str]]:
    """Note the statements that are executed."""
    found: list[str] = []

    def note(*given: object) -> None:
        found.append(str(given[2]))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


def keep_for_many(connection: Connection, key: Key, signers: int) -> None:
    items = [Item(number, "crl", LIST) for number in range(1, signers + 1)]
    states = [State(number=number, state="complete", card=True) for number in range(1, signers + 1)]
    assert keep(connection, key, items, states, "me")


def test_the_number_of_statements_does_not_depend_on_what_there_is(engine: Engine) -> None:
    few, many = queue(engine, "few", "many")
    claim(engine)
    with transaction(engine) as connection:
        keep_for_many(connection, few, 1)
        keep_for_many(connection, many, 50)
    for key, signers in ((few, 1), (many, 50)):
        with engine.connect() as connection, counting(engine) as statements:
            found = read_evidence(connection, key)
        assert len(statements) == 4
        assert [one.number for one in found.states] == list(range(1, signers + 1))
        # Once in memory, though it serves each signer.
        assert len({id(one.data) for one in found.items}) == 1


def test_of_a_version_without_evidence_nothing_is_read(engine: Engine) -> None:
    [key] = queue(engine, "doc", urgency=None)
    with engine.connect() as connection:
        assert read_evidence(connection, key) == Evidence()
        assert read_evidence(connection, key).state is None
        assert read_states(connection, [key]) == {key: VersionStates()}
        assert read_states(connection, []) == {}


def test_the_states_of_a_page_take_one_statement(engine: Engine) -> None:
    none, waits, done, bad = keys = [
        *queue(engine, "none", urgency=None),
        *queue(engine, "waits", "done", "bad"),
    ]
    [newer] = queue(engine, "done", seen=1)
    claim(engine)
    with transaction(engine) as connection:
        assert jobs.put_off(connection, waits, "me", 5.0, "no answer")
        assert keep(connection, done, [], [COMPLETE], "me")
        assert keep(connection, bad, [], [IMPOSSIBLE, COMPLETE], "me")
    with engine.connect() as connection, counting(engine) as statements:
        found = read_states(connection, [*keys, newer])
    assert len(statements) == 1
    states = [found[key].state for key in (none, waits, done, bad, newer)]
    assert states == [None, "pending", "complete", "impossible", "pending"]
    assert found[waits].reason == "no answer"
    [one] = found[done].signers
    assert (one.number, one.card, one.state) == (1, True, "complete")
    assert [(one.number, one.reason) for one in found[bad].signers] == [(1, None), (2, "revoked")]


def test_other_versions_of_the_same_threads_are_left_out(engine: Engine) -> None:
    first, second = queue(engine, "a", "b")
    _, newer = [*queue(engine, "a", seen=1), *queue(engine, "b", urgency=None, seen=1)]
    claim(engine)
    with transaction(engine) as connection:
        assert keep(connection, second, [], [COMPLETE], "me")
        found = read_states(connection, [first, newer])
    assert found == {first: VersionStates("pending"), newer: VersionStates()}


def test_a_version_that_is_queued_again_is_pending_with_its_former_states(engine: Engine) -> None:
    [key] = queue(engine, "doc")
    claim(engine)
    with transaction(engine) as connection:
        keep(connection, key, [], [COMPLETE], "me")
        jobs.enqueue(connection, [key], 0, again=True)
    with engine.connect() as connection:
        found = read_states(connection, [key])[key]
        evidence = read_evidence(connection, key)
    assert (found.state, len(found.signers)) == ("pending", 1)
    assert (evidence.state, evidence.states) == ("pending", found.signers)
    assert evidence.job is not None
    assert evidence.job.urgency == 0
