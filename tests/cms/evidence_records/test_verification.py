"""Evidence records verified: thirty years, what is missing or too late, and damage of all kinds."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.cms.algorithms.names import SHA_1, SHA_256, SHA_512, STREEBOG_256
from app.cms.asn1.oid import AlgorithmIdentifier
from app.cms.budget import Budget
from app.cms.evidence_records.reading import read_record
from app.cms.evidence_records.record import (
    ArchiveTimeStamp,
    EvidenceRecord,
    objects_to_renew,
    renew_hash_tree,
)
from app.cms.evidence_records.verifying import verify_record
from app.cms.signed_data.contents import KnownDigest
from app.cms.verdict import Answer
from app.cms.verification.verifier import Verifier
from app.cms.x509.certificate import read_certificate
from tests import pki
from tests.cms.evidence_records.decades import (
    GROUPS,
    NOW,
    Archive,
    hashes,
    old,
    root,
    stamp,
    stamper,
    thirty_years,
    tree_of,
    verifier,
    verify,
    year,
)
from tests.cms.judging import text
from tests.pki import DAY, Revoked

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN


def by(dotted: str, value: bytes) -> KnownDigest:
    """Return a known digest of some bytes."""
    return KnownDigest(dotted, hashes([value], dotted)[0])


def test_after_thirty_years_objects_are_still_proven() -> None:
    for name, record in thirty_years().records.items():
        status = verify(read_record(record.der), *GROUPS[name])
        assert (status.verdict.answer, status.existed_at) == (YES, year(2025)), name
        assert status.lasts_until == year(2056)
        assert [one.gen_time for one in status.timestamps] == [
            year(number) for number in (2025, 2035, 2045, 2050, 2054)
        ]
        assert "no CRL or OCSP response about TSA 2024" in text(status.verdict)


def test_known_digests_are_as_good_as_objects() -> None:
    both = tuple(by(algorithm, b"doc-1") for algorithm in (SHA_256, SHA_512))
    assert verify(old(), both).verdict.answer is YES
    group = [tuple(by(one, part) for one in (SHA_256, SHA_512)) for part in GROUPS["group-4"]]
    assert verify(thirty_years().records["group-4"], *group).verdict.answer is YES
    status = verify(old(), (by(SHA_256, b"doc-1"),))
    assert (status.verdict.answer, status.existed_at) == (UNKNOWN, None)
    assert "a SHA-512 digest of an object is needed, and is not known" in text(status.verdict)


def test_any_part_of_a_group_is_proven() -> None:
    record = thirty_years().records["group-4"]
    for part in GROUPS["group-4"]:
        assert verify(record, part).verdict.answer is YES


def test_another_object_is_not_proven() -> None:
    group = thirty_years().records["group-4"]
    for record, objects in (
        (old(), [b"another"]),
        (old(), [b"doc-1", b"another"]),
        (old(), [(by(SHA_256, b"another"), by(SHA_512, b"another"))]),
        (group, [*GROUPS["group-4"], b"doc-1"]),
    ):
        status = verify(record, *objects)
        assert (status.verdict.answer, status.existed_at) == (NO, None)
        assert text(status.verdict).startswith("the evidence record is not about these objects")


def test_a_digest_that_was_changed_later_is_not_proven() -> None:
    """The first chain is about the object, the second about another."""
    status = verify(old(), (by(SHA_256, b"doc-1"), by(SHA_512, b"another")))
    assert status.verdict.answer is NO
    assert text(status.verdict).startswith(
        "timestamp 4 of the evidence record does not cover these objects together with the"
        " timestamps before it"
    )


@pytest.mark.parametrize("last", ["first", "second"])
def test_a_record_that_was_not_renewed_in_time_is_unknown(last: str) -> None:
    archive = Archive().start(2025, 2024)
    expires = year(2036)
    if last == "second":
        archive.renew(2035, 2034)
        expires = year(2046)
    record = archive.records["doc-1"]
    assert verify(record, now=expires).verdict.answer is YES
    status = verify(record, now=expires + timedelta(seconds=1))
    assert (status.verdict.answer, status.existed_at) == (UNKNOWN, None)
    assert f"was valid only until {expires:%Y-%m-%d} 00:00:00 UTC, and the timestamp was not" in (
        text(status.verdict)
    )
    assert status.lasts_until == expires


def test_a_renewal_that_came_too_late_is_unknown() -> None:
    record = Archive().start(2025, 2024).renew(2037, 2034).records["doc-1"]
    status = verify(record, now=year(2038))
    assert status.verdict.answer is UNKNOWN
    assert "the certificate of TSA 2024 was valid only until" in text(status.verdict)


def test_timestamps_without_an_anchor_are_unknown() -> None:
    status = verify(old(), by=Verifier())
    assert (status.verdict.answer, status.existed_at) == (UNKNOWN, None)
    assert "the chain ends with" in text(status.verdict) or "no certificate of" in text(
        status.verdict
    )


def test_one_timestamp_without_an_anchor_is_enough_for_unknown() -> None:
    """Of a root by the same name that is no anchor, in each place."""
    own = pki.certify(root().subject, pki.rsa_key("own"), None, pki.AUTHORITY)
    tsa = pki.certify(pki.name("OWN TSA"), pki.rsa_key("own TSA"), own, pki.STAMPER)
    valid = Archive().start(2025, 2024).renew(2026, 2024).renew(2027, 2024).records["doc-1"]
    assert verify(valid, now=year(2028)).verdict.answer is YES
    tree = tree_of([hashes(GROUPS["doc-1"])])
    token = pki.timestamp(imprint=tree.root, moment=year(2025), by=tsa)
    first = ArchiveTimeStamp(
        AlgorithmIdentifier(SHA_256), tree.reduce(hashes(GROUPS["doc-1"])), token
    )
    status = verify(replace(valid, chains=((first,),)), now=year(2028))
    assert status.verdict.answer is UNKNOWN


def test_a_revoked_authority_proves_nothing() -> None:
    """If its key was compromised, in whatever year, it could have backdated."""
    for number in (2024, 2034, 2044):
        listed = pki.crl(
            root(),
            Revoked(stamper(number).serial, NOW - 2 * DAY, 1),
            this_update=NOW - DAY,
            next_update=NOW + DAY,
        )
        trusting = Verifier([read_certificate(root().certificate)], crls=[listed])
        status = verify(old(), by=trusting)
        assert status.verdict.answer is NO
        assert f"the certificate of TSA {number} was revoked on" in text(status.verdict)


def test_timestamps_of_the_future_are_unknown() -> None:
    status = verify(Archive().start(2026, 2024).records["doc-1"], now=year(2025))
    assert status.verdict.answer is UNKNOWN
    assert "the timestamp is from the future" in text(status.verdict)


def test_times_that_descend_are_refused() -> None:
    record = Archive().start(2027, 2024).renew(2026, 2024).records["doc-1"]
    status = verify(record, now=year(2028))
    assert status.verdict.answer is NO
    assert text(status.verdict).startswith(
        "the timestamps of the evidence record are not in the order of their times"
    )


def test_times_may_be_the_same() -> None:
    record = Archive().start(2025, 2024).renew(2025, 2024).records["doc-1"]
    assert verify(record, now=year(2028)).verdict.answer is YES


def test_a_chain_that_changes_its_algorithm_is_refused() -> None:
    sha_256, sha_512 = Archive().start(2025, 2024), Archive().start(2025, 2024, SHA_512)
    [[first]] = sha_256.records["doc-1"].chains
    tree = tree_of([hashes([first.token], SHA_512)], SHA_512)
    token = stamp(tree, 2026, 2024)
    lists = tree.reduce(hashes([first.token], SHA_512))
    second = ArchiveTimeStamp(AlgorithmIdentifier(SHA_512), lists, token)
    record = replace(sha_512.records["doc-1"], chains=((first, second),))
    status = verify(record, now=year(2028))
    assert (status.verdict.answer, text(status.verdict).partition("; ")[0]) == (
        NO,
        "timestamp 2 of the evidence record uses another hash algorithm than its chain",
    )


def test_a_timestamp_that_renews_another_is_refused() -> None:
    one = Archive().start(2025, 2024).records["doc-1"]
    two = Archive().start(2026, 2024).renew(2027, 2024).records["doc-1"]
    record = replace(one, chains=((one.chains[0][0], two.chains[0][1]),))
    status = verify(record, now=year(2028))
    assert status.verdict.answer is NO
    assert text(status.verdict).startswith(
        "timestamp 2 of the evidence record does not cover the one before it"
    )


def test_a_record_without_its_older_timestamps_is_refused() -> None:
    record = old()
    (first, *others), newest = record.chains
    for chains in ((tuple(others), newest), (newest,), ((first,), newest)):
        assert verify(replace(record, chains=chains)).verdict.answer is NO


def changed(record: EvidenceRecord, **fields: Any) -> EvidenceRecord:
    """Change the only timestamp of a record."""
    [[only]] = record.chains
    return replace(record, chains=((replace(only, **fields),),))


def test_trees_of_other_algorithms_and_sizes() -> None:
    record = Archive().start(2025, 2024).records["doc-1"]
    [[only]] = record.chains
    assert only.lists
    short = (*only.lists[:-1], (only.lists[-1][0][:31],))
    for fields, answer, sentence in (
        ({"lists": short}, NO, "have another size than those of its algorithm"),
        ({"lists": only.lists[:-1]}, NO, "the timestamp's message imprint is another digest"),
        ({"algorithm": AlgorithmIdentifier("1.2.3")}, UNKNOWN, "1.2.3 is not supported"),
        ({"algorithm": AlgorithmIdentifier(STREEBOG_256)}, NO, "is not about these objects"),
        ({"token": b""}, NO, "a timestamp token of the evidence record is malformed"),
    ):
        status = verify(changed(record, **fields), now=year(2028))
        assert (status.verdict.answer, status.existed_at) == (answer, None)
        assert sentence in text(status.verdict)


def test_a_timestamp_without_a_tree_is_over_one_object() -> None:
    token = pki.timestamp(b"doc-1", year(2025), by=stamper(2024))
    record = EvidenceRecord((), ((ArchiveTimeStamp(None, None, token),),))
    assert verify(record, now=year(2028)).verdict.answer is YES
    assert verify(record, b"doc-2", now=year(2028)).verdict.answer is NO
    assert verify(record, b"doc-1", b"doc-2", now=year(2028)).verdict.answer is NO


@pytest.mark.parametrize(("renewed", "answer"), [(2019, YES), (2021, UNKNOWN), (None, UNKNOWN)])
def test_a_chain_counts_if_the_next_began_before_its_algorithm_was_broken(
    renewed: int | None, answer: Answer
) -> None:
    """SHA-1 is broken since 2020."""
    token = pki.timestamp(b"doc-1", year(2018), by=stamper(2014), digest=SHA_1)
    record = EvidenceRecord((), ((ArchiveTimeStamp(None, None, token),),))
    if renewed:
        digests = hashes(GROUPS["doc-1"])
        members = objects_to_renew(record, digests, SHA_256)
        tree = tree_of([members])
        token = stamp(tree, renewed, 2014)
        record = renew_hash_tree(record, digests, SHA_256, tree.reduce(members), token)
    status = verify(record, now=year(2024))
    assert status.verdict.answer is answer
    is_said = "SHA-1 proves nothing since 2020-01-01" in text(status.verdict)
    assert is_said is (answer is UNKNOWN)


def test_an_unsupported_algorithm_is_unknown() -> None:
    token = pki.timestamp(imprint=b"x" * 32, digest="1.2.3", moment=year(2025), by=stamper(2024))
    record = EvidenceRecord((), ((ArchiveTimeStamp(None, None, token),),))
    status = verify(record, (KnownDigest("1.2.3", b"x" * 32),), now=year(2028))
    assert status.verdict.answer is UNKNOWN
    assert [one.verdict.answer for one in status.timestamps] == [UNKNOWN]


def test_a_token_is_verified_by_itself_over_a_digest() -> None:
    token = pki.timestamp(b"doc-1", year(2025), by=stamper(2024))
    for stamped, answer, sentence in (
        (by(SHA_256, b"doc-1"), YES, "no CRL or OCSP response about TSA 2024"),
        (by(SHA_256, b"doc-2"), NO, "the timestamp's message imprint is another digest"),
        (by(SHA_512, b"doc-1"), UNKNOWN, "the digest given is a SHA-512 digest, but a SHA-256"),
    ):
        status = verifier().verify_timestamp(token, stamped, at=NOW)
        assert status.verdict.answer is answer
        assert sentence in text(status.verdict)
    status = verifier().verify_timestamp(token[:-1], by(SHA_256, b"doc-1"), at=NOW)
    assert (status.verdict.answer, status.gen_time) == (NO, None)


def test_objects_that_cost_too_much_are_unknown() -> None:
    status = verify(old(), b"doc-1" * 1000, content_budget=Budget(1))
    assert status.verdict.answer is UNKNOWN


def test_a_record_is_about_something_at_some_time() -> None:
    with pytest.raises(ValueError, match="verified for some object"):
        verify_record(old(), [], verifier().verify_timestamp, now=NOW)
    with pytest.raises(ValueError, match="without its time zone"):
        verify(old(), now=NOW.replace(tzinfo=None))
