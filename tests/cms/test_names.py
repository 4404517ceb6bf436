"""Names are compared as RFC 5280 section 7.1 says, and at little cost."""

import time

import pytest

from app.cms.x509.names import name_key
from tests import der
from tests.cpu import allowed

CN, ORGANISATION = "2.5.4.3", "2.5.4.10"
UTF8, PRINTABLE, BMP = 0x0C, 0x13, 0x1E


def attribute(kind: str, text: str, tag: int = UTF8) -> bytes:
    """Encode an AttributeTypeAndValue."""
    encoding = "utf-16-be" if tag == BMP else "utf-8"
    return der.sequence(der.oid(kind), der.tlv(tag, text.encode(encoding)))


def name(*relatives: bytes) -> bytes:
    """Encode a Name of RelativeDistinguishedNames with one attribute each."""
    return der.sequence(*[der.set_of(relative) for relative in relatives])


NCA = name(attribute(CN, "NCA"), attribute(ORGANISATION, "Казахстан ҰКО"))


@pytest.mark.parametrize(
    "other",
    [
        name(attribute(CN, "NCA", PRINTABLE), attribute(ORGANISATION, "Казахстан ҰКО")),
        name(attribute(CN, "NCA"), attribute(ORGANISATION, "Казахстан ҰКО", BMP)),
        name(attribute(CN, "nca"), attribute(ORGANISATION, " КАЗАХСТАН   Ұко ")),
        name(attribute(CN, "ＮＣＡ"), attribute(ORGANISATION, "Казахстан ҰКО")),
    ],
)
def test_names_match_across_types_of_strings_case_and_blanks(other: bytes) -> None:
    assert name_key(other) == name_key(NCA) is not None


@pytest.mark.parametrize(
    "other",
    [
        name(attribute(ORGANISATION, "Казахстан ҰКО"), attribute(CN, "NCA")),
        name(attribute(ORGANISATION, "NCA"), attribute(ORGANISATION, "Казахстан ҰКО")),
        name(attribute(CN, "NCA"), attribute(ORGANISATION, "КазахстанҰКО")),
        name(attribute(CN, "NCA")),
        name(
            attribute(CN, "NCA"),
            attribute(ORGANISATION, "Казахстан ҰКО"),
            attribute(ORGANISATION, "x"),
        ),
        der.sequence(der.set_of(attribute(CN, "NCA"), attribute(ORGANISATION, "Казахстан ҰКО"))),
        name(attribute(CN, "NCA\x1e2.5.4.10\x1fКазахстан ҰКО")),
    ],
)
def test_other_names_do_not_match(other: bytes) -> None:
    assert name_key(other) != name_key(NCA)


def test_of_several_attributes_side_by_side_each_counts_and_their_order_does_not() -> None:
    one, two, three = (attribute(CN, text) for text in ("one", "two", "three"))
    both = der.sequence(der.tlv(0x31, one + two))
    assert name_key(both) == name_key(der.sequence(der.tlv(0x31, two + one)))
    assert name_key(both) != name_key(der.sequence(der.tlv(0x31, three + two)))


@pytest.mark.parametrize(
    "damaged",
    [
        der.sequence(),
        der.sequence(der.set_of()),
        der.sequence(attribute(CN, "NCA")),
        der.sequence(der.octets(b"\xff")),
        name(der.sequence(der.oid(CN))),
        name(der.sequence(der.oid(CN), der.integer(5))),
        name(der.sequence(der.oid(CN), der.tlv(UTF8, b"\xff"))),
        name(attribute(CN, "x" * 1000)),
        NCA[:-1],
        b"",
    ],
)
def test_what_is_no_name_or_a_long_one_matches_none(damaged: bytes) -> None:
    assert name_key(damaged) is None


@pytest.mark.attacks
@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("texts", [["x"] * 80, ["ﷺ" * 310]])
def test_a_hostile_name_is_compared_in_little_time(texts: list[str]) -> None:
    """Many attributes, or a ligature of eighteen letters many times; both 100 times."""
    names = [
        name(*[attribute(CN, text) for text in (f"{number}", *texts)]) for number in range(100)
    ]
    start = time.process_time()
    assert all(map(name_key, names))
    assert time.process_time() - start < allowed(0.15)  # A quiet machine needs a quarter.
