"""Evidence records as they are written and read, and what is refused."""

import random

import pytest

from app.cms.algorithms.names import SHA_1, SHA_256, SHA_512
from app.cms.asn1.oid import AlgorithmIdentifier
from app.cms.errors import UnsupportedAlgorithm
from app.cms.evidence_records.reading import MalformedEvidenceRecord, read_record
from app.cms.evidence_records.record import (
    MAX_SIZE,
    MAX_TIMESTAMPS,
    EvidenceRecord,
    algorithm_of,
    objects_to_renew,
    renew_hash_tree,
    renew_timestamp,
    start_record,
    timestamps_to_renew,
)
from app.cms.evidence_records.tree import MAX_LISTS, MAX_VALUES
from tests import der, pki
from tests.cms.evidence_records.decades import Archive, hashes, stamp, thirty_years, tree_of
from tests.cms.mutations import mutated

DIGESTS = hashes([b"doc-1"])
TREE = tree_of([DIGESTS])
TOKEN = stamp(TREE, 2025, 2024)
LISTS = TREE.reduce(DIGESTS)
ALGORITHM = der.oid(SHA_256)
VERSION, ALGORITHMS = der.integer(1), der.sequence(der.sequence(ALGORITHM))


def archive_time_stamp(*lists: bytes, before: bytes = b"", token: bytes = TOKEN) -> bytes:
    """Encode an ArchiveTimeStamp field by field."""
    return der.sequence(before, der.explicit(2, *lists) if lists else b"", token)


def values(*hashed: bytes) -> bytes:
    """Encode a PartialHashtree."""
    return der.sequence(*[der.octets(value) for value in hashed])


USUAL = archive_time_stamp(values(*DIGESTS), before=der.explicit(0, ALGORITHM))


def record(
    *stamps: bytes, version: bytes = VERSION, more: bytes = b"", after: bytes = b""
) -> bytes:
    """Encode an EvidenceRecord of one chain."""
    chains = der.sequence(der.sequence(*(stamps or (USUAL,))))
    return der.sequence(version, ALGORITHMS, more, chains, after)


def test_a_record_is_written_as_the_rfc_has_it() -> None:
    assert start_record(SHA_256, LISTS, TOKEN).der == record()


def test_records_are_read_as_they_were_written() -> None:
    for one in thirty_years().records.values():
        assert read_record(one.der) == one
        assert [len(chain) for chain in one.chains] == [3, 2]
        assert one.digest_algorithms == (AlgorithmIdentifier(SHA_256), AlgorithmIdentifier(SHA_512))
        assert algorithm_of(one) == SHA_512


def test_records_of_a_group_have_nothing_else_in_their_first_list() -> None:
    archive = Archive().start(2025, 2024)
    for name, one in archive.records.items():
        [[first]] = one.chains
        assert first.lists
        assert list(first.lists[0]) == sorted(hashes(archive.groups[name]))


def test_renewals_list_all_timestamps_of_their_chain() -> None:
    archive = Archive().start(2025, 2024)
    for count in (1, 2, 3):
        one = archive.records["doc-1"]
        tokens = [stamp.token for stamp in one.chains[0]]
        assert timestamps_to_renew(one) == tuple(hashes(tokens))
        assert len(tokens) == count
        archive.renew(2025 + count, 2024)


def test_optional_fields_are_kept() -> None:
    attributes = der.explicit(1, der.attribute("1.2.3", der.integer(1)))
    null = der.explicit(0, ALGORITHM, der.NULL)
    crypto_infos = der.explicit(0, der.attribute("1.2.4", der.integer(1)))
    for encoded in (
        record(archive_time_stamp(before=null + attributes)),
        record(archive_time_stamp()),
        record(more=crypto_infos),
    ):
        assert read_record(encoded).der == encoded


@pytest.mark.parametrize(
    "encoded",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(record()[:-1], id="truncated"),
        pytest.param(record() + b"\0", id="more behind it"),
        pytest.param(record(version=der.integer(2)), id="another version"),
        pytest.param(record(after=der.NULL), id="another field"),
        pytest.param(der.sequence(VERSION, ALGORITHMS, der.sequence()), id="no chain"),
        pytest.param(
            der.sequence(VERSION, ALGORITHMS, der.sequence(der.sequence())), id="no timestamp"
        ),
        pytest.param(record(archive_time_stamp(token=b"")), id="no token"),
        pytest.param(record(archive_time_stamp(values())), id="an empty list"),
        pytest.param(record(archive_time_stamp(values(b""))), id="an empty value"),
        pytest.param(record(archive_time_stamp(values(b"x" * 65))), id="a large value"),
        pytest.param(record(archive_time_stamp(der.octets(DIGESTS[0]))), id="no list"),
        pytest.param(record(archive_time_stamp(before=der.explicit(2))), id="an empty tree"),
        pytest.param(
            record(archive_time_stamp(before=der.explicit(0, ALGORITHM, der.integer(1)))),
            id="a parameter",
        ),
        pytest.param(
            record(archive_time_stamp(*[values(b"x")] * (MAX_LISTS + 1))), id="too many lists"
        ),
        pytest.param(
            record(archive_time_stamp(values(*[b"x"] * (MAX_VALUES + 1)))), id="too many values"
        ),
        pytest.param(
            der.sequence(VERSION, der.sequence(*[der.sequence(ALGORITHM)] * 17), der.sequence()),
            id="too many algorithms",
        ),
        pytest.param(
            der.sequence(VERSION, ALGORITHMS, der.sequence(*[der.sequence(USUAL)] * 129)),
            id="too many chains",
        ),
        pytest.param(
            der.sequence(VERSION, ALGORITHMS, der.sequence(*[der.sequence(USUAL, USUAL)] * 65)),
            id="too many timestamps",
        ),
        pytest.param(
            record(archive_time_stamp(before=der.explicit(0, der.tlv(6, b"\x2a\x80\x01")))),
            id="an identifier with a needless octet",
        ),
        pytest.param(
            record(archive_time_stamp(before=der.explicit(0, der.tlv(6, b"\x2a" * 40)))),
            id="an identifier of too many arcs",
        ),
    ],
)
def test_what_is_no_record_is_refused(encoded: bytes) -> None:
    with pytest.raises(MalformedEvidenceRecord):
        read_record(encoded)


def test_refusals_say_why() -> None:
    for encoded, sentence in (
        (record()[:-1], "the evidence record is malformed"),
        (b"\x30\x80" + record()[4:] + b"\0\0", "the evidence record is not in DER"),
        (
            record(more=der.explicit(1, der.sequence())),
            "evidence records of encrypted objects can't be read here",
        ),
        (b"\x30" * (MAX_SIZE + 1), "the evidence record is larger than 2000000 bytes"),
    ):
        with pytest.raises(MalformedEvidenceRecord) as caught:
            read_record(encoded)
        assert str(caught.value) == sentence


@pytest.mark.slow
def test_damage_of_any_kind_raises_no_other_error() -> None:
    chance = random.Random(4998)
    encoded = thirty_years().records["group-4"].der
    read = 0
    for _ in range(3000):
        damaged = mutated(encoded, chance)
        try:
            read += read_record(damaged).der == damaged
        except MalformedEvidenceRecord:
            continue
    assert read > 1000


def test_only_a_token_over_the_root_makes_a_record() -> None:
    other = tree_of([hashes([b"another"])])
    sha_512 = tree_of([hashes([b"doc-1"], SHA_512)], SHA_512)
    for token in (stamp(other, 2025, 2024), stamp(sha_512, 2025, 2024)):
        with pytest.raises(ValueError, match="not over the root of the tree"):
            start_record(SHA_256, LISTS, token)
    for token in (b"", TOKEN[:-1], pki.sign(pki.person()).der):
        with pytest.raises(ValueError, match="the timestamp token is malformed"):
            start_record(SHA_256, LISTS, token)


def test_renewals_cover_what_they_renew() -> None:
    one = start_record(SHA_256, LISTS, TOKEN)
    with pytest.raises(ValueError, match="does not cover what is to be renewed"):
        renew_timestamp(one, LISTS, TOKEN)
    with pytest.raises(ValueError, match="does not cover what is to be renewed"):
        renew_hash_tree(one, DIGESTS, SHA_256, LISTS, TOKEN)


def test_records_are_by_sha_2_alone() -> None:
    one = start_record(SHA_256, LISTS, TOKEN)
    for refused in (
        lambda: start_record(SHA_1, LISTS, TOKEN),
        lambda: objects_to_renew(one, DIGESTS, SHA_1),
    ):
        with pytest.raises(UnsupportedAlgorithm):
            refused()


def test_a_record_of_others_that_names_no_algorithm_is_not_renewed() -> None:
    one = read_record(record(archive_time_stamp(values(*DIGESTS))))
    with pytest.raises(ValueError, match="does not name its hash algorithm"):
        timestamps_to_renew(one)


def full(count: int = MAX_TIMESTAMPS) -> EvidenceRecord:
    """Return a record of as many timestamps as there may be."""
    return read_record(
        der.sequence(VERSION, ALGORITHMS, der.sequence(der.sequence(*[USUAL] * count)))
    )


def test_no_record_is_written_that_could_not_be_read() -> None:
    last = full(MAX_TIMESTAMPS - 1)
    tree = tree_of([timestamps_to_renew(last)])
    lists = tree.reduce(timestamps_to_renew(last))
    token = stamp(tree, 2030, 2024)
    one = renew_timestamp(last, lists, token)
    assert read_record(one.der) == one
    tree = tree_of([timestamps_to_renew(one)])
    token = stamp(tree, 2031, 2024)
    with pytest.raises(ValueError, match="a record has at most 128 timestamps, and 2000000 bytes"):
        renew_timestamp(one, tree.reduce(timestamps_to_renew(one)), token)
