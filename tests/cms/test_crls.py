"""Revocation lists: what an entry is, and which lists count."""

import pytest

from app.cms.asn1.node import read_node
from app.cms.revocation import crl as crls
from app.cms.revocation.crl import CertificateList
from app.cms.revocation.crl_entries import REMOVE_FROM_CRL, read_invalidity_date
from app.cms.verdict import Answer
from app.cms.verification.verifier import Verifier
from tests import der, pki
from tests.cms.judging import (
    AFTER,
    AT,
    BEFORE,
    IVAN,
    KEY,
    NCA,
    ROOT,
    crl,
    read,
    revocation,
    revoked,
    text,
)
from tests.pki import Holder, Revoked

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN


@pytest.mark.parametrize("serial", [0x80, 127, 1, 0, -7, 2**159 + 5, 0x0205_0404])
def test_entries_are_found_by_any_serial_number(serial: int) -> None:
    person = pki.certify(pki.name("P"), KEY, NCA, pki.PERSON, serial=serial)
    others = [Revoked(serial + step, BEFORE) for step in (-1, 1)]
    assert revocation(crls=[crl(*others)], of=person).answer is YES
    assert revocation(crls=[crl(*others, Revoked(serial, BEFORE))], of=person).answer is NO


def test_the_bytes_of_a_serial_number_elsewhere_are_no_entry() -> None:
    person = pki.certify(pki.name("P"), KEY, NCA, pki.PERSON, serial=5)
    containing = Revoked(int.from_bytes(b"\1" + der.integer(5) * 4, "big"), BEFORE)
    assert revocation(crls=[crl(containing)], of=person).answer is YES


def listing(*entries: bytes) -> bytes:
    """Issue a CRL with entries as they are given."""
    return pki.crl(NCA, *entries, this_update=BEFORE, next_update=AFTER)


@pytest.mark.parametrize(
    "entry",
    [
        der.sequence(der.integer(IVAN.serial), der.tlv(23, b"2506011200Z")),
        der.sequence(der.integer(IVAN.serial)),
        der.sequence(der.octets(b"1"), der.time(BEFORE)),
        der.sequence(),
        der.sequence(der.tlv(2, b""), der.time(BEFORE)),
        der.sequence(b"\2\x7f", der.time(BEFORE)),
        b"\x30\x80\2\1\1\0\0",
        b"\x30\x85\0\0\0\0\1\0",
        der.integer(1),
    ],
    ids=["time", "no time", "octets", "empty", "no number", "long", "indefinite", "huge", "number"],
)
def test_an_entry_that_can_t_be_read_makes_unknown(entry: bytes) -> None:
    other = der.sequence(der.integer(4711), der.time(BEFORE))
    for entries in ((entry,), (other, entry), (entry, other)):
        assert doubt(listing(*entries)) == "an entry of the CRL is malformed"


@pytest.mark.parametrize("serial", [1, 0x80, 2**64 - 1, 2**64, 2**159 + 5, -7, 2**2400 + 1])
@pytest.mark.parametrize("padding", [0, 1, 8, 200])
def test_serial_numbers_are_found_however_long_and_padded_they_are(
    serial: int, padding: int
) -> None:
    """RFC 5280 section 4.1.2.2: neither a revocation nor its absence may hide behind the form."""
    size = serial.bit_length() // 8 + 1 + padding
    number = der.tlv(2, serial.to_bytes(size, "big", signed=True))
    found = CertificateList(listing(der.sequence(number, der.time(BEFORE))))
    assert found.find(serial) is not None
    for other in (serial + 1, serial + 2**40, -serial, serial ^ 2**64):
        assert found.find(other) is None


def test_entries_of_every_length_are_found() -> None:
    long = pki.extension("1.2.3.4", bytes(70_000))
    for size in (0, 120, 1_000, 70_000):
        entry = der.sequence(
            der.integer(IVAN.serial),
            der.time(BEFORE),
            der.sequence(pki.extension("1.2.3.4", long[:size])),
        )
        assert revocation(crls=[listing(entry)]).answer is NO


@pytest.mark.parametrize("odd", [b"", b"\xff", der.NULL, der.tlv(0x18, b"2024"), der.sequence()])
def test_a_broken_date_of_an_entry_is_none(odd: bytes) -> None:
    assert read_invalidity_date({"2.5.29.24": (False, odd)}) is None
    assert read_invalidity_date({"2.5.29.24": (False, der.time(AT))}) == AT


def test_what_a_list_says_is_remembered_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crls, "_MAX_REMEMBERED", 1)
    listed = CertificateList(crl(revoked(BEFORE)))
    for _ in range(2):
        assert listed.find(IVAN.serial)
        assert listed.find(IVAN.serial + 1) is None


def doubt(crl_: bytes) -> str:
    """Return the reason why a CRL proves nothing."""
    verdict = revocation(crls=[crl_])
    assert verdict.answer is UNKNOWN
    return text(verdict)


def test_a_crl_that_its_issuer_did_not_sign_proves_nothing() -> None:
    assert (
        doubt(crl(revoked(BEFORE), forged=True)) == "a CRL in the name of NCA is not signed by it"
    )
    namesake = pki.certify(NCA.subject, KEY, ROOT, pki.AUTHORITY)
    assert "not signed by it" in doubt(crl(revoked(BEFORE), by=namesake))


def test_a_crl_of_another_authority_is_not_asked() -> None:
    other = crl(revoked(BEFORE), by=pki.root("OTHER"))
    assert "no CRL or OCSP response" in doubt(other)


def test_an_authority_whose_key_is_not_for_crls_issues_none() -> None:
    extensions = [pki.basic_constraints(), pki.key_usage("keyCertSign")]
    strict = pki.certify(pki.name("STRICT"), KEY, None, extensions)
    person = pki.certify(pki.name("P"), KEY, strict, pki.PERSON)
    verifier = Verifier(read(strict), crls=[crl(by=strict)])
    verdict = verifier.verify_certificate(read(person)[0], at=AT)[1]
    assert verdict.answer is UNKNOWN
    assert text(verdict) == "the key of STRICT is not for signing CRLs"


def test_an_unknown_critical_extension_makes_a_crl_unusable() -> None:
    for critical, answer in ((True, UNKNOWN), (False, YES)):
        extension = pki.extension("1.2.3.4", der.NULL, critical=critical)
        assert revocation(crls=[crl(extensions=[extension])]).answer is answer


def test_an_unknown_algorithm_of_a_crl_makes_unknown() -> None:
    odd = pki.Key(NCA.key.public, "1.2.3.4", NCA.key.digest, NCA.key.sign)
    holder = Holder(odd, NCA.subject, NCA.certificate, NCA.issuer, NCA.serial)
    assert doubt(crl(by=holder)) == "1.2.3.4 is not supported"


def test_a_delta_crl_can_accuse_but_not_clear() -> None:
    delta = pki.extension("2.5.29.27", der.integer(1), critical=True)
    assert "does not cover every possible revocation" in doubt(crl(extensions=[delta]))
    assert revocation(crls=[crl(revoked(BEFORE), extensions=[delta])]).answer is NO
    lifted = crl(revoked(BEFORE, REMOVE_FROM_CRL), extensions=[delta])
    assert revocation(crls=[crl(), lifted]).answer is YES


def distribution(*fields: bytes) -> bytes:
    """Encode IssuingDistributionPoint (RFC 5280 section 5.2.5)."""
    return pki.extension("2.5.29.28", der.sequence(*fields), critical=True)


def point(url: str) -> bytes:
    """Encode the name of a distribution point."""
    return der.explicit(0, der.explicit(0, der.implicit(6, url.encode())))


HERE, THERE = "http://crl.example.kz/1.crl", "http://crl.example.kz/2.crl"


@pytest.mark.parametrize(
    ("fields", "silence", "word"),
    [
        ([], YES, NO),
        ([der.implicit(1, b"\xff")], YES, NO),
        ([der.implicit(1, b"\0")], YES, NO),
        ([der.implicit(2, b"\xff")], UNKNOWN, NO),
        ([der.implicit(3, b"\1\x40")], UNKNOWN, NO),
        ([der.implicit(4, b"\xff")], UNKNOWN, UNKNOWN),
        ([der.implicit(5, b"\xff")], UNKNOWN, NO),
        ([point(HERE)], YES, NO),
        ([point(THERE)], UNKNOWN, NO),
        ([der.explicit(0, der.NULL)], UNKNOWN, NO),
    ],
)
def test_a_crl_about_a_part_of_the_certificates_clears_no_others(
    fields: list[bytes], silence: Answer, word: Answer
) -> None:
    points = der.sequence(der.sequence(point(HERE)))
    person = pki.certify(pki.name("P"), KEY, NCA, [*pki.PERSON, pki.extension("2.5.29.31", points)])
    extensions = [distribution(*fields)]
    assert revocation(crls=[crl(extensions=extensions)], of=person).answer is silence
    accusing = crl(Revoked(person.serial, BEFORE), extensions=extensions)
    assert revocation(crls=[accusing], of=person).answer is word


@pytest.mark.attacks
@pytest.mark.parametrize(
    ("rest", "answer"),
    [
        ((), YES),
        ((der.implicit(1, b"\6\x40"),), UNKNOWN),  # For keyCompromise alone.
        ((der.implicit(2, der.explicit(4, pki.name("OTHER"))),), UNKNOWN),  # Another's CRL.
    ],
)
def test_a_distribution_point_for_some_reasons_or_of_another_issuer_clears_nothing(
    rest: tuple[bytes, ...], answer: Answer
) -> None:
    """The CRL itself doesn't say so: RFC 5280 section 6.3.3 goes by the point's own reasons."""
    points = der.sequence(der.sequence(point(HERE), *rest))
    person = pki.certify(pki.name("P"), KEY, NCA, [*pki.PERSON, pki.extension("2.5.29.31", points)])
    found = revocation(crls=[crl(extensions=[distribution(point(HERE))])], of=person)
    assert found.answer is answer


def part(text: str) -> bytes:
    """Encode an AttributeTypeAndValue."""
    return der.sequence(der.oid("2.5.4.3"), der.utf8(text))


FULL = read_node(NCA.subject).children()
WHOLE = der.sequence(*[one.encoded for one in FULL], der.set_of(part("CRL 1")))
OTHER_WHOLE = der.sequence(*[one.encoded for one in FULL], der.set_of(part("CRL 2")))


def full(*names: bytes) -> bytes:
    """Encode directory names of a distribution point."""
    return der.explicit(0, der.explicit(0, *[der.explicit(4, name) for name in names]))


def relative(contents: bytes) -> bytes:
    """Encode the name of a distribution point that is relative to the issuer's."""
    return der.explicit(0, der.explicit(1, contents))


OTHER_ISSUER = der.explicit(2, der.explicit(4, ROOT.subject))


@pytest.mark.parametrize(
    ("own", "of_crl", "answer"),
    [
        (full(WHOLE), full(WHOLE), YES),
        (full(WHOLE), full(OTHER_WHOLE, WHOLE), YES),
        (full(WHOLE), full(OTHER_WHOLE), UNKNOWN),
        (full(WHOLE), relative(part("crl  1")), YES),
        (relative(part("CRL 1")), full(WHOLE), YES),
        (relative(part("CRL 1")), relative(part("CRL 1")), YES),
        (relative(part("CRL 1")), relative(part("CRL 2")), UNKNOWN),
        (relative(part("CRL 1" * 300)), relative(part("CRL 1" * 300)), UNKNOWN),
        (relative(der.NULL), relative(part("CRL 1")), UNKNOWN),
        (full(WHOLE) + OTHER_ISSUER, full(WHOLE), UNKNOWN),
        (full(WHOLE) + der.implicit(1, b"\1\x40"), full(WHOLE), UNKNOWN),
        (OTHER_ISSUER, full(WHOLE), UNKNOWN),
    ],
)
def test_a_distribution_point_may_be_named_by_a_directory_name(
    own: bytes, of_crl: bytes, answer: Answer
) -> None:
    """Section 6.3.3 (b): one name in common is enough; for all reasons, of the issuer itself."""
    points = pki.extension("2.5.29.31", der.sequence(der.sequence(own)))
    person = pki.certify(pki.name("P"), KEY, NCA, [*pki.PERSON, points])
    given = crl(extensions=[distribution(of_crl)])
    assert revocation(crls=[given], of=person).answer is answer


def test_a_damaged_distribution_point_makes_a_crl_unusable() -> None:
    assert "is indirect, or has an unknown critical extension" in doubt(
        crl(extensions=[pki.extension("2.5.29.28", b"\x30\5")])
    )


def test_a_crl_for_users_says_nothing_of_authorities() -> None:
    only_users = [distribution(der.implicit(1, b"\xff"))]
    for extensions, answer in (([], YES), (only_users, UNKNOWN)):
        verifier = Verifier(
            read(ROOT), intermediates=read(NCA), crls=[crl(), crl(by=ROOT, extensions=extensions)]
        )
        assert verifier.verify_certificate(read(IVAN)[0], at=AT)[1].answer is answer


@pytest.mark.parametrize("critical", [True, False])
def test_a_list_with_a_critical_freshest_crl_is_a_delta_that_can_only_accuse(
    critical: bool,
) -> None:
    """Order 522 has it in place of the indicator; RFC 5280 has it in complete lists."""
    points = der.sequence(der.sequence(point(HERE)))
    freshest = pki.extension("2.5.29.46", points, critical=critical)
    listed = CertificateList(crl(extensions=[freshest]))
    assert (listed.is_delta, listed.delta_urls) == (critical, () if critical else (HERE,))
    assert revocation(crls=[crl(extensions=[freshest])]).answer is (UNKNOWN if critical else YES)
    accusing = crl(revoked(BEFORE), extensions=[freshest])
    for others in ([], [crl()]):
        assert revocation(crls=[accusing, *others]).answer is NO


def test_a_broken_freshest_crl_names_no_address() -> None:
    for broken in (b"", b"\x30\x05", der.sequence(der.NULL)):
        listed = CertificateList(crl(extensions=[pki.extension("2.5.29.46", broken)]))
        assert listed.delta_urls == ()


def test_a_delta_crl_is_no_base_of_another() -> None:
    [number] = pki.numbered(7)
    freshest = pki.extension("2.5.29.46", der.sequence(), critical=True)
    later = pki.numbered(8, base=7)
    delta = CertificateList(crl(extensions=later))
    assert delta.is_delta_of(CertificateList(crl(extensions=[number])))
    assert not delta.is_delta_of(CertificateList(crl(extensions=[number, freshest])))
    assert not delta.is_delta_of(CertificateList(crl(extensions=[number, later[1]])))
