"""What certificates claim: the NCA's profile, other authorities, and whatever is odd."""

import datetime
from pathlib import Path

import pytest

from app.cms.x509 import certificate as x509
from app.cms.x509 import nca_profile as claims
from app.cms.x509.certificate import read_certificate
from app.cms.x509.names import read_name
from app.cms.x509.nca_profile import Claims, birthday, check_number, claims_of, gender
from tests import der
from tests.cms.test_ber import tlv
from tests.cms.test_certificates import certificate, other_strings
from tests.cms.test_x509 import extension, load
from tests.pki import distinguished_name as name
from tests.pki import profile

SIGN, AUTH = "1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.2"
INDIVIDUAL = "1.2.398.3.3.4.1.1"
COMMON_NAME, SURNAME, SERIAL = "2.5.4.3", "2.5.4.4", "2.5.4.5"
ORGANISATION, UNIT, GIVEN = "2.5.4.10", "2.5.4.11", "2.5.4.42"
NUMBER = "900101300017"
FLAWED = "123456789011"  # The NCA's test persons have such numbers.


def purposes(*oids: str) -> bytes:
    return extension(x509.EXTENDED_KEY_USAGE, der.sequence(*[der.oid(oid) for oid in oids]))


def policies(*oids: str) -> bytes:
    listed = der.sequence(*[der.sequence(der.oid(oid)) for oid in oids])
    return extension(x509.POLICIES, listed)


def usages(bits: int) -> bytes:
    return extension(x509.KEY_USAGE, tlv(3, bytes((0, bits))), der.boolean(True))


def claimed(subject: bytes | None = None, *extensions: bytes) -> Claims:
    """Read what a certificate with this subject and just these extensions claims."""
    parts = {"extensions": der.explicit(3, der.sequence(*extensions))}
    if subject is not None:
        parts["subject"] = subject
    return claims_of(read_certificate(certificate(**parts)))


def test_what_a_person_claims() -> None:
    assert claims_of(read_certificate(profile.person().certificate)) == Claims(
        iin=NUMBER,
        bin=None,
        common_name="ИВАНОВ ИВАН",
        surname="ИВАНОВ",
        given_name="ИВАН",
        patronymic="ИВАНОВИЧ",
        organisation=None,
        email=None,
        country="KZ",
        roles=("INDIVIDUAL",),
        usage=("SIGN",),
        policies=("1.2.398.3.3.2",),
        notes=(),
    )


def test_what_one_claims_who_signs_for_an_organisation() -> None:
    who = profile.person(organisation='АО "ТЕСТ"', bin_number="123456789021")
    found = claims_of(read_certificate(who.certificate))
    assert (found.organisation, found.bin) == ('АО "ТЕСТ"', "123456789021")
    assert tuple(map(str, found.notes)) == ("BIN fails its check digit",)


def test_an_information_system_has_no_person() -> None:
    subject = name((COMMON_NAME, 'ИС "Портал"'), (UNIT, "BIN123456789021"), (ORGANISATION, "АО"))
    found = claimed(subject, purposes(SIGN, "1.2.398.3.3.4.1.2", "1.2.398.3.3.4.1.2.6.71"))
    assert (found.iin, found.surname, found.given_name) == (None, None, None)
    assert found.common_name == 'ИС "Портал"'
    assert found.roles == ("ORGANIZATION", "ORGANIZATION_INFORMATION_SYSTEM")


def test_other_authorities_may_say_nothing() -> None:
    found = claimed(der.sequence())
    assert (found.iin, found.bin, found.common_name, found.surname) == (None,) * 4
    assert (found.given_name, found.patronymic, found.organisation) == (None,) * 3
    assert (found.email, found.country) == (None, None)
    assert (found.roles, found.usage, found.policies, found.notes) == ((), (), (), ())


@pytest.mark.parametrize(("oid", "role"), claims.ROLES.items())
def test_each_role_is_recognised_by_its_purpose(oid: str, role: str) -> None:
    assert claimed(None, purposes(SIGN, oid, "1.2.3", oid)).roles == (role,)


def test_names_are_read_in_any_type_of_string() -> None:
    subject = profile.person().parsed.subject.dump()
    assert claimed(other_strings(subject)) == claimed(subject)


@pytest.mark.parametrize(
    ("tag", "encoding"), [(0x14, "latin-1"), (0x16, "ascii"), (0x1A, "ascii"), (0x1C, "utf-32-be")]
)
def test_rare_types_of_strings_are_read(tag: int, encoding: str) -> None:
    text = tlv(tag, "IVANOV IVAN".encode(encoding))
    subject = der.sequence(der.set_of(der.sequence(der.oid(COMMON_NAME), text)))
    assert claimed(subject).common_name == "IVANOV IVAN"


@pytest.mark.parametrize(
    ("common_name", "surname", "attribute", "expected"),
    [
        ("ИВАНОВ ИВАН", "ИВАНОВ", "ИВАНОВИЧ", ("ИВАН", "ИВАНОВИЧ")),
        ("Иванов Иван", "ИВАНОВ", None, ("Иван", None)),
        ("ИВАНОВ ИВАН ИВАНОВИЧ", "ИВАНОВ", "ИВАНОВИЧ", ("ИВАН", "ИВАНОВИЧ")),
        ("ДЕ  ЛА  КРУС  АНА", "ДЕ ЛА КРУС", None, ("АНА", None)),
        ("ИВАНОВ ИВАН", "ИВАНОВ", "Иван", ("ИВАН", None)),
        ("ИВАНОВ", "ИВАНОВ", "ИВАНОВИЧ", (None, "ИВАНОВИЧ")),
        ("ИВАНОВСКИЙ ИВАН", "ИВАНОВ", "ИВАНОВИЧ", (None, "ИВАНОВИЧ")),
        ("ИВАН ИВАНОВ", "ИВАНОВ", None, (None, None)),
        ("ИВАНОВ ИВАН", None, None, (None, None)),
        (None, "ИВАНОВ", "ИВАНОВИЧ", (None, "ИВАНОВИЧ")),
    ],
)
def test_the_first_name_is_what_the_common_name_has_beside_the_surname(
    common_name: str | None,
    surname: str | None,
    attribute: str | None,
    expected: tuple[str | None, str | None],
) -> None:
    given = ((COMMON_NAME, common_name), (SURNAME, surname), (GIVEN, attribute))
    found = claimed(name(*[(kind, text) for kind, text in given if text]))
    assert (found.given_name, found.patronymic) == expected


@pytest.mark.parametrize(
    ("texts", "number", "notes"),
    [
        ([f"IIN{NUMBER}"], NUMBER, ()),
        ([f"IIN{FLAWED}"], FLAWED, ("IIN fails its check digit",)),
        (["IIN12345"], None, ("IIN is not twelve digits",)),
        (["IIN" + "\u0663" * 12], None, ("IIN is not twelve digits",)),
        (["12345", NUMBER], None, ()),
        (["12345", f"IIN{NUMBER}", f"IIN{NUMBER}"], NUMBER, ()),
        (
            [f"IIN{NUMBER}", f"IIN{FLAWED}"],
            NUMBER,
            ("IIN occurs more than once",),
        ),
    ],
)
def test_a_number_follows_its_prefix(
    texts: list[str], number: str | None, notes: tuple[str, ...]
) -> None:
    found = claimed(name(*[(SERIAL, text) for text in texts]))
    assert (found.iin, tuple(map(str, found.notes))) == (number, notes)


def test_a_bin_stands_among_other_units() -> None:
    found = claimed(name((UNIT, "Отдел продаж"), (UNIT, "BIN123456789021"), (SERIAL, "BIN1")))
    assert (found.bin, found.iin) == ("123456789021", None)


def test_e_mail_is_an_alternative_name() -> None:
    mail = der.sequence(der.implicit(2, b"b.kz"), der.implicit(1, b" a@b.kz"))
    subject = name(("1.2.840.113549.1.9.1", "old@b.kz"))
    assert claimed(subject, extension(x509.SUBJECT_ALTERNATIVE_NAME, mail)).email == "a@b.kz"
    assert claimed(subject).email == "old@b.kz"
    blank = der.sequence(der.implicit(1, b" "))
    assert claimed(subject, extension(x509.SUBJECT_ALTERNATIVE_NAME, blank)).email is None


@pytest.mark.parametrize(
    ("extensions", "expected"),
    [
        pytest.param([policies("1.2.398.3.3.2.1"), purposes(AUTH)], ("SIGN",), id="legal SIGN"),
        pytest.param([policies("1.2.398.3.3.2.2"), purposes(SIGN)], ("AUTH",), id="legal AUTH"),
        pytest.param([policies("1.2.398.3.3.2.3")], ("SIGN",), id="individual SIGN"),
        pytest.param([policies("1.2.398.3.3.2.4"), usages(0xC8)], ("AUTH",), id="individual AUTH"),
        pytest.param(
            [policies("1.2.398.3.3.2"), purposes(SIGN), usages(0xC8)], ("AUTH", "SIGN"), id="2022"
        ),
        pytest.param([policies("1.2.398.3.3.2"), usages(0xE0)], ("AUTH", "SIGN"), id="2022 RSA"),
        pytest.param(
            [policies("1.2.398.3.3.2"), purposes(SIGN), usages(0xC0)], ("SIGN",), id="no agreement"
        ),
        pytest.param([policies("1.2.3"), purposes(AUTH), usages(0xC8)], ("AUTH",), id="other"),
        pytest.param([purposes(SIGN, AUTH)], ("AUTH", "SIGN"), id="two purposes"),
        pytest.param([usages(0xC0)], ("SIGN",), id="no purpose, but non-repudiation"),
        pytest.param([usages(0x80)], (), id="neither"),
        pytest.param([purposes("1.2.3"), usages(0xC0)], (), id="another purpose"),
    ],
)
def test_policies_and_purposes_show_what_a_key_is_for(
    extensions: list[bytes], expected: tuple[str, ...]
) -> None:
    assert claimed(None, *extensions).usage == expected


def test_a_broken_extension_becomes_a_note() -> None:
    found = claimed(
        None,
        extension(x509.EXTENDED_KEY_USAGE, b"\x30\x80"),
        extension(x509.POLICIES, tlv(5)),
        policies("1.2.3"),
        extension(x509.KEY_USAGE, b""),
        extension(x509.SUBJECT_ALTERNATIVE_NAME, b"x"),
    )
    assert (found.roles, found.usage, found.policies, found.email) == ((), (), (), None)
    assert found.common_name == "ИВАНОВ ИВАН"
    assert tuple(map(str, found.notes)) == (
        "extension 2.5.29.37 is broken",
        "extension 2.5.29.32 occurs twice",
        "extension 2.5.29.17 is broken",
        "extension 2.5.29.15 is broken",
    )


def test_a_broken_list_of_extensions_is_noted_once() -> None:
    found = claimed(None, tlv(5), purposes(SIGN, INDIVIDUAL))
    assert found.roles == ("INDIVIDUAL",)
    assert tuple(map(str, found.notes)) == ("the list of extensions is broken",)


@pytest.mark.parametrize(
    "text",
    ["ИВАНОВ\0 ИВАН", "ИВАНОВ \u202eНАВИ", "ИВАНОВ\x1b[2K ИВАН", "ИВАНОВ\x9b"],
)
def test_characters_that_deceive_are_replaced(text: str) -> None:
    found = claimed(name((COMMON_NAME, text)))
    assert found.common_name is not None
    assert "\ufffd" in found.common_name
    assert found.common_name.isprintable()
    assert tuple(map(str, found.notes)) == ("the name of the holder is damaged",)


def test_blanks_and_line_ends_become_one_blank() -> None:
    found = claimed(name((COMMON_NAME, " ИВАНОВ\r\n\t ИВАН "), (ORGANISATION, " ")))
    assert (found.common_name, found.organisation, found.notes) == ("ИВАНОВ ИВАН", None, ())


GOOD = der.sequence(der.oid(COMMON_NAME), der.utf8("ИВАН"))


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param(der.sequence(GOOD, der.set_of(tlv(5))), id="null"),
        pytest.param(der.sequence(der.set_of(GOOD), der.sequence()), id="empty"),
        pytest.param(der.sequence(der.set_of(GOOD), der.integer(1)), id="a number"),
        pytest.param(
            der.sequence(der.set_of(GOOD), der.sequence(der.oid(SURNAME), der.integer(1))),
            id="no string",
        ),
        pytest.param(
            der.sequence(der.set_of(GOOD), der.sequence(tlv(6, b"\x81"), der.utf8("x"))),
            id="no identifier",
        ),
        pytest.param(
            der.sequence(der.set_of(GOOD), der.sequence(der.oid("1.2.3"), tlv(12, b"\xff"))),
            id="no text",
        ),
        pytest.param(der.sequence(*[der.set_of(GOOD)] * 65), id="too many"),
    ],
)
def test_what_is_damaged_in_a_name_is_left_out(subject: bytes) -> None:
    found = claimed(subject)
    assert (found.common_name, found.surname) == ("ИВАН", None)
    assert tuple(map(str, found.notes)) == ("the name of the holder is damaged",)


def test_bytes_that_are_no_name_hold_nothing() -> None:
    assert read_name(b"\x30\x05") == read_name(b"") == read_name(GOOD + b"\0")
    assert (read_name(b"").attributes, read_name(b"").damaged) == ((), True)


@pytest.mark.parametrize(
    "number",
    # Worked out by hand; the last two need the second row of weights.
    [NUMBER, "000000000000", "100000000001", "000000000101", "050000000009"],
)
def test_a_number_with_the_right_check_digit(number: str) -> None:
    assert check_number(number)


@pytest.mark.parametrize(
    "number",
    ["", FLAWED, "123456789021", "90010130001", "9001013000171", "90010130001x", "\u0669" * 12]
    + [NUMBER[:-1] + digit for digit in "012345689"],
)
def test_a_number_with_a_wrong_check_digit(number: str) -> None:
    assert not check_number(number)


def test_some_numbers_do_not_exist() -> None:
    """Where both weightings give ten, no check digit is right."""
    impossible = [
        stem for stem in range(3000) if not any(check_number(f"{stem:011}{d}") for d in range(10))
    ]
    assert impossible


@pytest.mark.parametrize(
    ("iin", "day", "sex"),
    [
        ("900101300017", datetime.date(1990, 1, 1), "male"),
        ("900101400017", datetime.date(1990, 1, 1), "female"),
        ("991231100000", datetime.date(1899, 12, 31), "male"),
        ("000101200000", datetime.date(1800, 1, 1), "female"),
        ("000229500000", datetime.date(2000, 2, 29), "male"),
        ("010229600000", None, "female"),
        ("901301300017", None, "male"),
        ("900100300017", None, "male"),
        ("900101000017", None, None),
        ("900101700017", None, None),
        (FLAWED, None, None),
        ("", None, None),
        ("9001013000١7", None, None),
        ("90010130001", None, None),
    ],
)
def test_birthday_and_sex_stand_in_the_number(
    iin: str, day: datetime.date | None, sex: str | None
) -> None:
    assert birthday(iin) == day
    assert gender(iin) == sex


@pytest.mark.parametrize(
    ("file", "roles", "usage", "policy"),
    [
        ("ceo_gost2004", ("ORGANIZATION", "CEO"), ("SIGN",), "1.2.398.3.3.2.1"),
        ("individual_rsa", ("INDIVIDUAL",), ("SIGN",), "1.2.398.3.3.2.3"),
        ("individual_rsa_auth", ("INDIVIDUAL",), ("AUTH",), "1.2.398.3.3.2.4"),
    ],
)
def test_real_certificates(
    vectors: Path, file: str, roles: tuple[str, ...], usage: tuple[str, ...], policy: str
) -> None:
    found = claims_of(read_certificate(load(vectors / "certificates" / f"{file}.cer")))
    assert (found.iin, found.country) == (FLAWED, "KZ")
    assert (found.surname, found.given_name, found.patronymic) == ("ТЕСТОВ", "ТЕСТ", "ТЕСТОВИЧ")
    assert (found.roles, found.usage, found.policies) == (roles, usage, (policy,))
    assert "IIN fails its check digit" in map(str, found.notes)
    legal = "CEO" in roles
    assert found.bin == ("123456789021" if legal else None)
    assert found.organisation == ('АО "ТЕСТ"' if legal else None)
