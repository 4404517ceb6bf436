"""Trees of evidence records: who makes them, over what, and what a death or a deletion leaves."""

from __future__ import annotations

import pytest
from sqlalchemy import delete as delete_rows
from sqlalchemy import func, insert, select

from app.cms import SHA_256, Answer
from app.evidence.recording import ROUND, RecordTerms
from app.evidence.records import read_record
from app.evidence.stamping import NoTimestamp
from app.store.database.engine import transaction
from app.store.evidence import drafts, jobs, sweeping
from app.store.evidence.keeping import Item, keep
from app.store.evidence.records import count_records, list_ending
from app.store.leases import take_lease
from app.store.models import (
    EvidenceBatch,
    EvidenceBlob,
    EvidenceItem,
    EvidenceMembership,
    EvidenceRenewal,
    EvidenceUnrecorded,
)
from app.store.signatures.large_texts import Key
from tests.evidence.decades import Archive, year
from tests.evidence.many import fill
from tests.evidence.test_records import verify_later
from tests.pki import Revoked
from tests.store.evidence.queued import COMPLETE, number_of_rows
from tests.store.threads import delete


def requests(archive: Archive) -> int:
    """Count the timestamps that were asked for since the last call."""
    number = archive.services.site.asked.count("POST /tsp")
    archive.services.site.asked.clear()
    return number


def lengths(archive: Archive, key: Key) -> list[int]:
    """Return the number of timestamps in each chain of a record; none without a record."""
    with archive.engine.connect() as connection:
        stored = read_record(connection, key)
    return [len(chain) for chain in stored.record.chains] if stored else []


def test_one_timestamp_is_over_all_that_is_new(archive: Archive) -> None:
    keys = [archive.save(f"doc {number}") for number in range(3)]
    requests(archive)
    assert archive.record() == 1
    assert requests(archive) == 1
    assert [lengths(archive, key) for key in keys] == [[1]] * 3
    assert archive.record() == 0
    assert requests(archive) == 0
    later = archive.save("later")
    assert lengths(archive, later) == []
    assert archive.record() == 1
    assert lengths(archive, later) == [1]
    with archive.engine.connect() as connection:
        assert count_records(connection) == (0, 2)


def test_a_tree_that_is_full_is_followed_by_another(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, "MAX_LEAVES", 4)
    monkeypatch.setattr(drafts, "STEP", 3)
    fill(archive.engine, 9)
    key = archive.save("newest")
    requests(archive)
    assert archive.record() == 3
    assert requests(archive) == 3
    assert lengths(archive, key) == [1]
    assert number_of_rows(archive.engine, EvidenceMembership, EvidenceBatch) == [10, 3]


def test_without_a_timestamp_the_tree_stays_a_draft(archive: Archive) -> None:
    key = archive.save()
    archive.services.instead["tsp"] = archive.services.refusal(25)
    with pytest.raises(NoTimestamp):
        archive.record()
    assert number_of_rows(archive.engine, EvidenceMembership, EvidenceUnrecorded) == [1, 0]
    assert lengths(archive, key) == []
    archive.services.instead.clear()
    assert archive.record() == 1
    assert lengths(archive, key) == [1]
    assert number_of_rows(archive.engine, EvidenceMembership, EvidenceBatch) == [1, 1]


def test_no_authority_is_asked_without_any_address(archive: Archive) -> None:
    archive.save()
    archive.addresses = ()
    with pytest.raises(NoTimestamp, match="no timestamp authority is set up"):
        archive.record()


def test_a_token_that_cannot_be_proven_is_not_kept(archive: Archive) -> None:
    archive.save()
    serial = archive.services.tsa.serial
    archive.services.revoked[serial] = Revoked(serial, year(2025), 1)
    with pytest.raises(NoTimestamp, match="revoked"):
        archive.record()
    archive.services.revoked.clear()
    archive.services.site.answers.pop("/root.crl")
    with pytest.raises(NoTimestamp):
        archive.record()
    archive.services.serve_lists()
    archive.services.clock = year(2025) - year(2026)
    with pytest.raises(NoTimestamp, match="clocks"):
        archive.record()


def test_only_one_process_makes_trees(archive: Archive) -> None:
    archive.save()
    with transaction(archive.engine) as connection:
        assert take_lease(connection, drafts.LEASE_NAME, "another", 600)
    requests(archive)
    assert archive.record() == 0
    assert requests(archive) == 0
    with transaction(archive.engine) as connection:
        assert take_lease(connection, drafts.LEASE_NAME, "another", -1)
    assert archive.record() == 1


def test_trees_are_made_once_an_hour(archive: Archive) -> None:
    archive.save()
    assert archive.recorder().record_if_due() == 1
    archive.save("later")
    assert archive.recorder().record_if_due() == 0


def test_a_round_of_a_clock_that_was_ahead_keeps_no_other_waiting(archive: Archive) -> None:
    archive.save()
    with transaction(archive.engine) as connection:
        # A clock that was right a moment ago is now a day behind.
        for name in (ROUND, drafts.LEASE_NAME):
            assert take_lease(connection, name, "ahead", 86_400.0)
    assert archive.recorder(RecordTerms(each=3600.0)).record_if_due() == 1


def test_a_round_that_failed_is_repeated_sooner(archive: Archive) -> None:
    archive.save()
    archive.services.instead["tsp"] = b"nothing"
    terms = RecordTerms(each=-1.0)
    with pytest.raises(NoTimestamp):
        archive.recorder(terms).record_if_due()
    archive.services.instead.clear()
    assert archive.recorder(terms).record_if_due() == 1


def test_a_renewal_costs_one_request_and_one_leaf_for_each_tree(archive: Archive) -> None:
    keys = [archive.save(f"doc {number}") for number in range(3)]
    archive.record()
    archive.go_to(year(2035, 6), 2034)
    requests(archive)
    assert archive.record() == 1
    assert requests(archive) == 1
    assert [lengths(archive, key) for key in keys] == [[2]] * 3
    assert number_of_rows(archive.engine, EvidenceRenewal) == [1]
    assert archive.record() == 0


def test_nothing_is_renewed_by_a_certificate_that_ends_hardly_later(archive: Archive) -> None:
    key = archive.save()
    archive.record()
    archive.go_to(year(2035, 6))
    archive.services.tsa = archive.services.generation(2024, year(2036, 6))
    assert archive.record() == 0
    assert lengths(archive, key) == [1]
    # A tree that is made anyway asks again.
    archive.services.tsa = archive.services.generation(2034)
    assert archive.record() == 1
    assert lengths(archive, key) == [2]


def test_another_authority_is_asked_if_the_first_one_gains_nothing(archive: Archive) -> None:
    services = archive.services
    key = archive.save()
    archive.record()
    archive.go_to(year(2035, 6))
    old, new = services.tsa, services.generation(2034)

    def stamp_newer(question: bytes) -> bytes:
        services.tsa = new
        token = services.stamp(question)
        services.tsa = old
        return token

    services.site.serve("/newer", make=stamp_newer)
    archive.addresses = (*archive.addresses, services.site.url("/newer"))
    assert archive.record() == 1
    assert lengths(archive, key) == [2]


def test_a_record_of_a_deleted_thread_is_gone_and_the_others_stay(archive: Archive) -> None:
    archive.save("doc")
    kept = archive.save("kept")
    archive.record()
    delete(archive.engine)
    assert number_of_rows(archive.engine, EvidenceMembership) == [1]
    assert lengths(archive, kept) == [1]
    delete(archive.engine, "kept")
    archive.go_to(year(2035, 6), 2034)
    assert archive.record() == 0  # Nothing is left that would be renewed.


def test_a_version_may_be_deleted_and_saved_again_while_its_tree_is_stamped(
    archive: Archive,
) -> None:
    keys = [archive.save(f"doc {number}") for number in range(3)]
    services = archive.services
    again: list[Key] = []

    def stamp(question: bytes) -> bytes:
        if not again:
            delete(archive.engine, "doc 1")
            services.site.serve("/tsp", make=services.stamp)
            again.append(archive.save("doc 1"))
        return services.stamp(question)

    services.site.serve("/tsp", make=stamp)
    assert archive.record() == 2
    assert [lengths(archive, key) for key in keys] == [[1], [], [1]]
    assert [lengths(archive, key) for key in again] == [[1]]
    archive.go_to(year(2035, 6), 2034)
    assert archive.record() == 1
    for key in (keys[0], keys[2], *again):
        assert lengths(archive, key) == [2]
        assert verify_later(archive, key, year(2040)).trusted.answer is Answer.YES


def test_a_draft_whose_versions_were_deleted_is_used_by_the_next(archive: Archive) -> None:
    archive.save("doc")
    archive.services.instead["tsp"] = b"nothing"
    with pytest.raises(NoTimestamp):
        archive.record()
    archive.services.instead.clear()
    delete(archive.engine)
    assert archive.record() == 0
    key = archive.save("later")
    assert archive.record() == 1
    assert lengths(archive, key) == [1]
    assert number_of_rows(archive.engine, EvidenceBatch) == [1]


def test_a_draft_whose_versions_were_deleted_takes_those_of_a_stronger_algorithm(
    archive: Archive,
) -> None:
    archive.save("doc")
    archive.services.instead["tsp"] = b"nothing"
    with pytest.raises(NoTimestamp):
        archive.record()
    archive.services.instead.clear()
    delete(archive.engine)
    archive.weak[SHA_256] = year(2027)
    # More than one transaction adds.
    later = [archive.save(f"later {number}") for number in range(12)]
    assert archive.record() == 1
    assert [lengths(archive, one) for one in later] == [[1]] * len(later)
    assert number_of_rows(archive.engine, EvidenceBatch, EvidenceUnrecorded) == [1, 0]


def test_a_weak_algorithm_is_followed_by_a_new_chain(archive: Archive) -> None:
    keys = [archive.save(f"doc {number}") for number in range(3)]
    archive.record()
    archive.go_to(year(2027))
    archive.weak[SHA_256] = year(2027, 6)
    assert archive.record() == 1
    assert [lengths(archive, key) for key in keys] == [[1, 1]] * 3
    assert archive.record() == 0
    archive.go_to(year(2035, 6), 2034)
    assert archive.record() == 1
    assert [lengths(archive, key) for key in keys] == [[1, 2]] * 3


def test_a_version_of_a_weaker_future_has_its_record_by_the_stronger_algorithm(
    archive: Archive,
) -> None:
    archive.weak[SHA_256] = year(2027)
    key = archive.save()
    archive.record()
    with archive.engine.connect() as connection:
        stored = read_record(connection, key)
        algorithms = connection.execute(select(EvidenceBatch.algorithm)).scalars().all()
    assert stored
    assert algorithms == [stored.algorithm]
    assert stored.algorithm != SHA_256
    assert {len(one) for one in stored.members} == {64}
    archive.go_to(year(2035, 6), 2034)
    assert archive.record() == 1
    assert verify_later(archive, key, year(2040)).trusted.answer.value == "yes"


def keep_more(archive: Archive, key: Key) -> None:
    """Keep one more certificate for a version, as if its evidence had been obtained again."""
    more = Item(1, "certificate", archive.services.root.certificate)
    with transaction(archive.engine) as connection:
        jobs.enqueue(connection, [key], 2, again=True)
        jobs.claim(connection, 1, "me", 600)
        assert keep(connection, key, [more], [COMPLETE], "me")


def test_what_is_kept_later_makes_another_record_and_the_first_one_counts(
    archive: Archive,
) -> None:
    key = archive.save()
    archive.record()
    archive.go_to(year(2035, 6), 2034)
    keep_more(archive, key)
    assert archive.record() == 1
    assert number_of_rows(archive.engine, EvidenceMembership) == [2]
    assert lengths(archive, key) == [2]
    status = verify_later(archive, key, year(2037))
    assert status.trusted.answer.value == "yes", status.trusted
    archive.weak[SHA_256] = year(2036)
    assert archive.record() == 1
    assert lengths(archive, key) == [2, 1]
    archive.go_to(year(2045, 6), 2044)
    assert archive.record() == 1
    assert lengths(archive, key) == [2, 2]
    status = verify_later(archive, key, year(2050))
    assert status.trusted.answer.value == "yes", status.trusted


def test_the_second_record_counts_if_the_first_lacks_a_token(archive: Archive) -> None:
    key = archive.save()
    with transaction(archive.engine) as connection:
        token = EvidenceItem.kind == "timestamp"
        [row] = connection.execute(select(EvidenceItem.__table__).where(token)).mappings().all()
        connection.execute(delete_rows(EvidenceItem).where(token))
    archive.record()
    with transaction(archive.engine) as connection:
        connection.execute(insert(EvidenceItem), [dict(row)])
    keep_more(archive, key)
    archive.record()
    assert verify_later(archive, key, year(2035)).trusted.answer.value == "yes"
    archive.weak[SHA_256] = year(2036)
    archive.go_to(year(2035, 6), 2034)
    assert archive.record() == 1
    assert lengths(archive, key) == [1, 1]
    assert verify_later(archive, key, year(2040)).trusted.answer.value == "yes"


def test_what_proves_a_tree_is_not_swept(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    archive.save()
    archive.record()
    delete(archive.engine)
    monkeypatch.setattr(sweeping, "FRESH", -10.0)
    with transaction(archive.engine) as connection:
        assert sweeping.sweep(connection).deleted
        left = connection.execute(select(EvidenceBlob.kind)).scalars().all()
    # The certificates of the authority and of its CA, and what shows that neither was revoked.
    assert sorted(left) == ["certificate", "certificate", "crl", "ocsp"]


def test_evidence_that_is_obtained_again_without_more_makes_no_other_record(
    archive: Archive,
) -> None:
    key = archive.save()
    archive.record()
    with transaction(archive.engine) as connection:
        jobs.enqueue(connection, [key], 2, again=True)
        jobs.claim(connection, 1, "me", 600)
        assert keep(connection, key, [], [COMPLETE], "me")
    assert archive.record() == 0
    assert number_of_rows(archive.engine, EvidenceMembership, EvidenceUnrecorded) == [1, 0]


def test_what_is_late_is_listed(archive: Archive) -> None:
    archive.save()
    archive.record()
    with archive.engine.connect() as connection:
        assert list_ending(connection, year(2036, 2), 10) == []
        [one] = list_ending(connection, year(2036, 6), 10)
        newest = connection.execute(select(func.max(EvidenceBatch.id))).scalar_one()
    assert (one.batch_id, one.versions, one.ends_at) == (newest, 1, year(2036))


@pytest.mark.slow
def test_many_versions_take_few_requests_and_little_memory(archive: Archive) -> None:
    fill(archive.engine, 20_000)
    archive.save("newest")
    requests(archive)
    assert archive.record() == 1
    assert requests(archive) == 1
    with archive.engine.connect() as connection:
        assert read_record(connection, Key(12_345, 1))
