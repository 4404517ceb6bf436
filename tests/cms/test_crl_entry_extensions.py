"""A CRL with an unknown critical extension in an entry is not used (RFC 5280 section 5.3)."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.cms.revocation.crl import CertificateList
from app.cms.revocation.crl_index import has_unknown
from app.cms.verdict import Answer
from app.trust.crl_files import open_list
from tests import der, pki
from tests.cms.judging import AFTER, AT, BEFORE, IVAN, NCA, crl, ocsp, revocation, revoked, text
from tests.cms.test_crls import distribution, listing
from tests.pki import DAY, Revoked, extension

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
STRANGE = "a CRL of NCA has an entry with a critical extension that is not known here"
UNKNOWN_OID = "1.2.3.4"
CRITICAL = extension(UNKNOWN_OID, der.NULL, critical=True)
ISSUER = extension("2.5.29.29", der.sequence(der.explicit(4, NCA.subject)), critical=True)


def entry(serial: int, *extensions: bytes) -> bytes:
    """Encode an entry."""
    more = der.sequence(*extensions) if extensions else b""
    return der.sequence(der.integer(serial), der.time(BEFORE), more)


@pytest.mark.parametrize(
    "strange",
    [
        entry(1, CRITICAL),
        entry(1, extension("2.5.29.21", der.enumerated(1)), CRITICAL),
        entry(1, ISSUER),
        entry(1, der.sequence(der.oid(UNKNOWN_OID), der.tlv(1, b"\1"), der.octets(b""))),
        entry(1, der.sequence(der.oid(UNKNOWN_OID), der.boolean(True))),
        entry(1, der.octets(b"no extension")),
        der.sequence(der.integer(1), der.time(BEFORE), der.octets(b"no extensions")),
        der.sequence(der.integer(1), der.octets(b"no time")),
        der.sequence(der.integer(1)),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_such_a_list_says_nothing_about_any_certificate(strange: bytes, place: int) -> None:
    entries = [entry(2), entry(3, extension("2.5.29.21", der.enumerated(4)))]
    entries.insert(place, strange)
    found = revocation(crls=[listing(*entries)])
    assert (found.answer, text(found)) == (UNKNOWN, STRANGE)


@pytest.mark.parametrize(
    "usual",
    [
        entry(1, extension("2.5.29.21", der.enumerated(4), critical=True)),
        entry(1, extension("2.5.29.24", der.time(BEFORE), critical=True)),
        entry(1, extension(UNKNOWN_OID, der.NULL)),
        entry(1, der.sequence(der.oid(UNKNOWN_OID), der.boolean(False), der.octets(b""))),
        der.sequence(der.integer(1), der.time(BEFORE), der.sequence()),
    ],
)
def test_what_is_known_or_not_critical_does_no_harm(usual: bytes) -> None:
    assert revocation(crls=[listing(usual, entry(2), usual)]).answer is YES


def test_what_it_says_against_a_certificate_is_unknown_and_not_outweighed() -> None:
    own = entry(IVAN.serial, CRITICAL)
    for entries in ((own,), (entry(1, CRITICAL), entry(IVAN.serial))):
        found = revocation(crls=[listing(*entries)])
        assert found.answer is UNKNOWN
        assert STRANGE in text(found)
        assert "was revoked" in text(found)
        assert revocation(crls=[listing(*entries)], ocsp=[ocsp()]).answer is UNKNOWN
        # What is proven elsewhere counts.
        assert revocation(crls=[listing(*entries), crl(revoked(BEFORE))]).answer is NO


def test_other_words_count_where_it_says_nothing() -> None:
    strange = listing(entry(1, CRITICAL))
    assert revocation(crls=[strange, crl()]).answer is YES
    assert revocation(crls=[strange], ocsp=[ocsp()]).answer is YES
    assert revocation(crls=[strange, crl(revoked(BEFORE))]).answer is NO


def numbered(*entries: bytes, number: int, base: int | None = None) -> bytes:
    """Issue a CRL with a number, or a delta CRL."""
    return pki.crl(
        NCA,
        *entries,
        this_update=BEFORE if base is None else AT,
        next_update=AFTER,
        extensions=[*pki.numbered(number, base), distribution()],
    )


def test_it_is_no_base_and_no_delta() -> None:
    good, delta = numbered(number=7), numbered(number=8, base=7)
    assert revocation(crls=[good, delta]).answer is YES
    strange = numbered(entry(1, CRITICAL), number=7)
    assert revocation(crls=[strange, delta]).answer is UNKNOWN
    listed = numbered(entry(1, CRITICAL), entry(IVAN.serial), number=7)
    assert revocation(crls=[listed, delta]).answer is UNKNOWN
    removed = entry(IVAN.serial, extension("2.5.29.21", der.enumerated(8)))
    held = numbered(entry(IVAN.serial, extension("2.5.29.21", der.enumerated(6))), number=7)
    lifting = numbered(removed, number=8, base=7)
    assert revocation(crls=[held, lifting]).answer is YES
    strange_delta = numbered(removed, entry(1, CRITICAL), number=8, base=7)
    assert revocation(crls=[held, strange_delta]).answer is not YES


def test_it_is_seen_however_the_entries_are_looked_for(tmp_path: Path) -> None:
    strange = [Revoked(number, BEFORE) for number in range(5)]
    encoded = crl(*strange)
    assert not seen(CertificateList(encoded))
    whole = listing(*[entry(number) for number in range(5)], entry(9, CRITICAL))
    assert seen(CertificateList(whole))
    file = tmp_path / "nca.crl"
    for data, expected in ((encoded, False), (whole, True)):
        file.unlink(missing_ok=True)
        file.write_bytes(data)
        for _ in range(2):  # Sorted, and then as it was sorted.
            assert seen(open_list(file, tmp_path)) is expected
    assert not has_unknown([])


def seen(listed: CertificateList) -> bool:
    """Search for listed and unlisted numbers, and return what was seen meanwhile."""
    found = []
    for serial in (3, 4, 10**9, 2, 2):
        assert (listed.find(serial) is None) is (serial == 10**9)
        found.append(listed.has_unknown_entry)
    assert len(set(found)) == 1
    return found[0]


def test_many_different_extensions_are_not_all_remembered() -> None:
    entries = [
        entry(number, extension(UNKNOWN_OID, der.integer(number))) for number in range(2, 5000)
    ]
    assert revocation(crls=[listing(*entries)]).answer is YES
    assert revocation(crls=[listing(*entries, entry(1, CRITICAL))]).answer is UNKNOWN


def test_a_list_of_another_day_counts_as_before() -> None:
    old = pki.crl(NCA, this_update=BEFORE - DAY, next_update=BEFORE)
    assert revocation(crls=[old, listing(entry(1, CRITICAL))]).answer is UNKNOWN
