"""Entries of CRLs are found by an index and without one alike, and damage is never silence."""

import random
from array import array
from collections import Counter
from contextlib import suppress

import pytest

from app.cms.revocation.crl import CertificateList, MalformedRevocation
from app.cms.revocation.crl_index import build_rows, find_offsets, has_unknown, search, walk
from tests import der
from tests.cms.judging import AT, BEFORE, NCA, crl
from tests.pki import Revoked

#: How many lists are tried.
TURNS = 150


def make_serial(chance: random.Random) -> int:
    """Return a serial number of any size, often one that looks like another."""
    size = chance.choice((1, 1, 2, 8, 9, 16, 20, 21, 130, 300))
    number = int.from_bytes(chance.randbytes(size), "big", signed=True)
    return chance.choice((number, number >> 8 << 8, number & 0xFF, number << 37, -number))


def make_entry(chance: random.Random, serial: int) -> bytes:
    """Encode an entry, its number padded and its lengths longer than need be at times."""
    size = serial.bit_length() // 8 + 1 + chance.choice((0, 0, 0, 1, 7, 140))
    number = lengthen(chance, 2, serial.to_bytes(size, "big", signed=True))
    more = der.sequence(der.octets(der.integer(serial)) * chance.choice((0, 1, 1000)))
    parts = number + der.time(BEFORE) + chance.choice((b"", more))
    return lengthen(chance, 0x30, parts)


def lengthen(chance: random.Random, tag: int, contents: bytes) -> bytes:
    octets = chance.choice((None, None, None, 3, 4))
    if octets is None:
        return der.tlv(tag, contents)
    return bytes((tag, 0x80 | octets)) + len(contents).to_bytes(octets, "big") + contents


@pytest.mark.parametrize("seed", range(TURNS))
def test_an_index_finds_what_a_search_finds(seed: int) -> None:
    chance = random.Random(seed)
    serials = [make_serial(chance) for _ in range(chance.choice((0, 1, 2, 40)))]
    serials += serials[: len(serials) // 4]
    before = chance.randbytes(chance.choice((0, 3)))
    data = before + b"".join(make_entry(chance, serial) for serial in serials) + before
    span = len(before), len(data) - len(before)
    rows = array("Q")
    for part in build_rows(data, *span):
        rows.extend(part)
    assert list(rows) == sorted(rows)
    counts = Counter(serials)
    for serial in {*serials, *(make_serial(chance) for _ in range(20))}:
        offsets, is_unknown = search(data, *span, serial)
        assert is_unknown is has_unknown(rows)
        assert len(offsets) == counts[serial]
        assert set(offsets) <= set(find_offsets(rows, serial))
    assert len(list(walk(data, *span))) == len(rows) - has_unknown(rows) == len(serials)


@pytest.mark.slow
def test_a_damaged_list_answers_or_is_refused() -> None:
    """Whatever is altered, nothing but the one refusal comes out of it."""
    chance = random.Random(1)
    listed = [Revoked(make_serial(chance), AT, chance.randrange(10)) for _ in range(6)]
    whole = crl(*listed)
    read = 0
    for _ in range(4000):
        damaged = bytearray(whole)
        for _ in range(chance.choice((1, 1, 2, 5))):
            damaged[chance.randrange(len(damaged))] = chance.choice((0, 0x80, 0xFF, 0x30, 2, 0x84))
        with suppress(MalformedRevocation):
            found = CertificateList(bytes(damaged))
            for one in listed:
                found.find(one.serial)
                found.removes(one.serial)
            _ = found.usable, found.is_delta, found.delta_urls, found.scope
            read += 1
    assert read > 100
    assert NCA.subject == CertificateList(whole).issuer
