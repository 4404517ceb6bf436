"""Evidence records that were altered: no damage leaves a yes, and none takes long."""

import random
import time
from dataclasses import replace

import pytest

from app.cms.asn1.node import read_node
from app.cms.evidence_records.reading import MalformedEvidenceRecord, read_record
from app.cms.evidence_records.record import ArchiveTimeStamp, EvidenceRecord
from app.cms.signed_data.timestamp_token import TimestampToken
from app.cms.verdict import Answer
from tests import pki
from tests.cms.evidence_records.decades import old, stamper, verify, year
from tests.cms.mutations import mutated
from tests.cpu import allowed

YES, NO = Answer.YES, Answer.NO


def outcome(damaged: bytes) -> Answer | None:
    """Return the answer about damaged bytes; None if they can't be read."""
    try:
        return verify(read_record(damaged)).verdict.answer
    except MalformedEvidenceRecord:
        return None


def proving(record: EvidenceRecord) -> list[bytes]:
    """Return the parts that prove something: hash values and tokens.

    Of the newest token only what is signed, and its signature: nothing covers the rest of it.
    """
    stamps = [one for chain in record.chains for one in chain]
    newest = TimestampToken(read_node(stamps[-1].token)).signed_data
    found = [value for one in stamps for values in one.lists or () for value in values]
    return [
        *found,
        *[one.token for one in stamps[:-1]],
        newest.content or b"",
        newest.signers[0].signature,
    ]


@pytest.mark.slow
def test_no_altered_byte_leaves_a_yes() -> None:
    record = old()
    encoded, chance = record.der, random.Random(2055)
    starts = [(encoded.index(part), len(part)) for part in proving(record)]
    places = [place for start, size in starts for place in range(start, start + size)]
    for place in chance.sample(places, 1000):
        damaged = bytearray(encoded)
        damaged[place] ^= 1 << chance.randrange(8)
        assert outcome(bytes(damaged)) is not YES, place


@pytest.mark.slow
def test_no_altered_element_leaves_a_yes_about_anything_else() -> None:
    record = old()
    encoded, chance = record.der, random.Random(30)
    answers = set()
    for _ in range(600):
        damaged = mutated(encoded, chance)
        answer = outcome(damaged)
        answers.add(answer)
        if answer is YES:
            assert proving(read_record(damaged)) == proving(record)
    assert answers >= {NO, None}


@pytest.mark.attacks
def test_a_record_at_all_limits_costs_little(untraced: None) -> None:
    """128 chains, thousands of objects, and 2 MB of hash values: nothing is computed for long."""
    del untraced
    values = tuple(sorted(random.Random(1).randbytes(32) for _ in range(9_000)))
    token = pki.timestamp(b"doc-1", year(2025), by=stamper(2024))
    small, large = ArchiveTimeStamp(None, None, token), ArchiveTimeStamp(None, (values,), token)
    record = EvidenceRecord((), ((large,), (large,), (large,), (large,), *[(small,)] * 124))
    objects = [value * 10 for value in values]
    began = time.process_time()
    assert verify(read_record(record.der), *objects).verdict.answer is not YES
    assert time.process_time() - began < allowed(5)


def test_every_kind_of_damage_to_the_lists_is_a_no() -> None:
    record = old()
    for number, chain in enumerate(record.chains):
        for place, one in enumerate(chain):
            assert one.lists
            for lists in (
                one.lists[1:] or ((b"x" * 32,),),
                (*one.lists, (b"x" * len(one.lists[0][0]),)),
                tuple([tuple([value[::-1] for value in listed]) for listed in one.lists]),
            ):
                changed_chain = (*chain[:place], replace(one, lists=lists), *chain[place + 1 :])
                chains = list(record.chains)
                chains[number] = changed_chain
                answer = verify(replace(record, chains=tuple(chains))).verdict.answer
                assert answer is NO, (number, place)
