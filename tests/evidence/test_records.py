"""Evidence records of stored versions: made, renewed, and enough for thirty years."""

from __future__ import annotations

from datetime import UTC, datetime

from app.cms import (
    Answer,
    Occasion,
    SignerStatus,
    parse,
    read_crypto_infos,
    read_evidence_record,
    verify_evidence_record,
)
from app.evidence.lasting import Preserved, outlast
from app.evidence.records import read_file, read_record, record_with_proofs
from app.store.evidence.reading import read_evidence
from app.store.signatures.large_texts import Key, find_text
from app.trust.kept import Kept, kept_of
from tests.evidence.decades import Archive, year

LATER = datetime(2055, 1, 1, tzinfo=UTC)


def verify_later(archive: Archive, key: Key, now: datetime = LATER) -> SignerStatus:
    """Verify with the anchors and what is stored, and nothing else."""
    loaded = archive.trust.loaded()
    with archive.engine.connect() as connection:
        items = read_evidence(connection, key).items
        file = read_file(connection, key)
        stored = read_record(connection, key)
        text = find_text(connection, key)
    assert isinstance(text, str)
    assert file
    kept = kept_of(items)
    verifier = loaded.knowing_only(kept)
    when = Occasion(now, now, now=now)
    statuses = verifier.verify(parse(text), at=when, tokens=kept.tokens)
    [status] = outlast(statuses, Preserved(file, items, stored, loaded, now))
    return status


def test_after_thirty_years_a_signature_is_trusted(archive: Archive) -> None:
    key = archive.save()
    archive.thirty_years()
    with archive.engine.connect() as connection:
        stored = read_record(connection, key)
    assert stored
    assert [len(chain) for chain in stored.record.chains] == [3, 1]
    status = verify_later(archive, key)
    assert status.trusted.answer is Answer.YES, status.trusted
    assert status.decisive_time_source == "timestamp"


def test_a_record_has_inside_what_proves_its_timestamps(archive: Archive) -> None:
    key = archive.save()
    archive.thirty_years()
    with archive.engine.connect() as connection:
        file, stored = read_file(connection, key), read_record(connection, key)
    assert file
    assert stored
    whole = record_with_proofs(stored)
    assert len(whole.der) < 20_000
    record = read_evidence_record(whole.der)
    infos = read_crypto_infos(record)
    known = Kept({}, infos.certificates, infos.found)
    verify = archive.trust.loaded().knowing_only(known).verify_timestamp
    status = verify_evidence_record(record, [file], verify, now=LATER)
    assert status.verdict.answer is Answer.YES, status.verdict
    assert [one.revocation.answer for one in status.timestamps] == [Answer.YES] * 4
    bare = archive.trust.loaded().knowing_only(Kept()).verify_timestamp
    status = verify_evidence_record(record, [file], bare, now=LATER)
    assert status.verdict.answer is Answer.UNKNOWN


def test_without_a_record_it_is_unknown_and_says_what_lacks(archive: Archive) -> None:
    key = archive.save()
    assert verify_later(archive, key, year(2035)).trusted.answer is Answer.YES
    status = verify_later(archive, key)
    assert status.trusted.answer is Answer.UNKNOWN
    assert "the timestamp was not renewed before then" in str(status.trusted)
