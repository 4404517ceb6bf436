"""Versions that were saved while no evidence was obtained are added to the queue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, select, update

from app.cms import parse
from app.store.database.engine import saving, transaction
from app.store.evidence import backlog, jobs
from app.store.models import EvidenceJob, Signer, Version
from app.store.signatures.extraction import read_signing
from app.store.signatures.large_texts import Key
from app.store.signatures.writing import NewVersion, save_version
from tests import pki
from tests.store.evidence.queued import claim, keep, queue

NOW = datetime.now(UTC)


def save(engine: Engine, document: str, cms: str | None = None) -> Key:
    """Save a signature without a job."""
    text = cms or pki.usual_cms()
    new = NewVersion(document=document, thread="main", cms=text)
    signing = read_signing(parse(text), NOW)
    with saving(engine) as connection:
        saved = save_version(connection, new, signing, None)
    return Key(saved.record.id, saved.record.version)


def enqueue(engine: Engine, limit: int = 500, since: datetime | None = None) -> list[int]:
    """Add all in steps; return how many each added."""
    added, last = [], backlog.BEGINNING
    while True:
        with transaction(engine) as connection:
            some = backlog.enqueue_some(connection, last, since=since, limit=limit)
        added.append(some.added)
        if some.last is None:
            return added
        last = some.last


def urgencies(engine: Engine) -> dict[int, int]:
    with engine.connect() as connection:
        rows = connection.execute(select(EvidenceJob.signature_id, EvidenceJob.urgency))
        return {row.signature_id: row.urgency for row in rows}


def set_end(engine: Engine, key: Key, end: datetime) -> None:
    """Have the certificate of a version end at another time."""
    with transaction(engine) as connection:
        mine = Signer.signature_id == key.signature_id
        facts = connection.execute(select(Signer.facts).where(mine)).scalar_one()
        facts["certificate"]["not_after"] = end.strftime("%Y-%m-%dT%H:%M:%SZ")
        connection.execute(update(Signer).where(mine).values(facts=facts))


def test_what_has_neither_a_job_nor_a_result_is_added_once(engine: Engine) -> None:
    [done] = queue(engine, "done")
    claim(engine)
    keep(engine, done)
    [waiting] = queue(engine, "waiting")
    old = [save(engine, f"old {number}") for number in range(7)]
    assert sum(enqueue(engine, limit=2)) == 7
    assert set(urgencies(engine)) == {waiting.signature_id, *(key.signature_id for key in old)}
    assert sum(enqueue(engine)) == 0


def test_xml_is_added_and_what_is_no_signature_is_left_out(engine: Engine) -> None:
    save(engine, "xml", pki.sign_xml())
    assert enqueue(engine) == [1]
    [text] = queue(engine, "text", urgency=None)
    assert enqueue(engine) == [0]
    with transaction(engine) as connection:  # As a version that was never read.
        mine = Version.signature_id == text.signature_id
        connection.execute(update(Version).where(mine).values(signature_size=None, format=None))
    assert enqueue(engine) == [1]


def test_an_empty_store_has_none(engine: Engine) -> None:
    assert enqueue(engine) == [0]


def test_a_day_bounds_what_is_added(engine: Engine) -> None:
    keys = [save(engine, document) for document in "abc"]
    with transaction(engine) as connection:
        mine = Version.signature_id == keys[0].signature_id
        before = NOW - timedelta(days=400)
        connection.execute(update(Version).where(mine).values(created_at=before))
    assert enqueue(engine, since=NOW - timedelta(days=1)) == [2]
    assert enqueue(engine) == [1]


def test_what_was_saved_before_comes_after_new_saves_unless_it_ends_soon(engine: Engine) -> None:
    keys = [save(engine, document) for document in "abcd"]
    ends = [timedelta(days=1), timedelta(days=20), timedelta(days=200), timedelta(days=-9)]
    for key, end in zip(keys, ends, strict=True):
        set_end(engine, key, NOW + end)
    enqueue(engine)
    assert list(urgencies(engine).values()) == [0, 1, jobs.OLD, jobs.OLD]
    [new] = queue(engine, "new")
    claimed = [job.signature_id for job in claim(engine)]
    assert claimed[:3] == [keys[0].signature_id, keys[1].signature_id, new.signature_id]
    assert len(claimed) == 5
