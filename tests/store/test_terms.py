"""Terms: what a beginning and a span of time are made of."""

import random
import sys
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from string import ascii_uppercase
from typing import Literal

import pytest

from app.cms.x509.nca_profile import Claims
from app.store.search import terms
from app.store.search.terms import IIN_TERMS, WHOLE_NAME, Cover, Period, fold


def claims(**fields: str) -> Claims:
    """Return what a certificate claims that says little."""
    nothing = Claims(None, None, None, None, None, None, None, None, None, (), (), (), ())
    return replace(nothing, **fields)  # type: ignore[arg-type]  # fields by their names


def test_a_person_is_found_by_numbers_a_letter_and_the_name() -> None:
    found = terms.of_people([claims(iin="1" * 12, bin="2" * 12, surname="Ли", given_name="Ян")])
    assert found == ["0bTjF66", "GmH6lDD", "XL", "WLI YN"]


def test_a_long_name_is_kept_up_to_an_end() -> None:
    found = terms.of_people([claims(common_name="Ә" * 300)])
    assert found == ["Xә", f"W{'ә' * WHOLE_NAME}"]


@pytest.mark.parametrize("length", range(1, 300))
def test_every_beginning_of_a_name_leads_to_a_term_of_it(length: int) -> None:
    full = " ".join(["Абдрахманов-Сейдахметов", "Нур", "сұлтан", "ұлы", "оглы", "ß" * 200])
    found = terms.of_people([claims(common_name=full)])
    first, before = terms.whole_names(full[:length])
    assert [term for term in found if first <= term < before] == found[-1:]
    assert terms.first_letter(fold(full[:length])) in found
    assert terms.is_term(full[:length]) == (length == 1)
    assert terms.name(full[:1]) in found


@pytest.mark.slow
def test_letters_that_are_coded_are_those_of_no_folded_name() -> None:
    for code in range(sys.maxunicode + 1):
        assert not set(fold(chr(code))) & set(ascii_uppercase)


def test_names_that_differ_have_terms_that_differ() -> None:
    letters = "abcxyzабвгдежзийклмнопрстуфхцчшщъыьэюяёәғқңөұүһі- .'\"«»1"
    assert len({terms.whole_names(one)[0] for one in letters}) == len(letters)
    assert len({terms.first_letter(one) for one in letters}) == len(letters)


@pytest.mark.parametrize("number", ["0" * 12, "900101300017", "9" * 12])
def test_numbers_of_people_and_organisations_differ(number: str) -> None:
    first, behind = IIN_TERMS
    assert first <= terms.iin(number) < behind <= terms.bin_(number) < "T"


def test_terms_take_few_units_of_eight_bytes() -> None:
    """PostgreSQL takes one byte beside those of a text."""
    one = claims(iin="9" * 12, bin="9" * 12, common_name="Ә" * 300)
    short = terms.of_people([one])[:3] + terms.of_moment(datetime(2099, 12, 31, tzinfo=UTC))
    assert [len(term.encode()) <= 7 for term in short] == [True] * 5
    assert len(terms.sha256("f" * 64)) == 31


@pytest.mark.parametrize("nothing", [" ", "\t \n"])
def test_no_one_has_the_name_of_blanks(nothing: str) -> None:
    assert terms.is_term(nothing)
    assert terms.name(nothing) not in terms.of_people([claims(common_name="Ли")])


def test_a_signer_makes_at_most_four_rows() -> None:
    one = claims(iin="1" * 12, bin="2" * 12, common_name="Ә" * 300)
    assert len(terms.of_people([one])) == 4


@pytest.mark.parametrize("text", ["ИВАНОВ", " иванов ", "Иванов"])
def test_letter_case_and_blanks_do_not_matter(text: str) -> None:
    assert terms.whole_names(text)[0] == "WICANOC"


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
@pytest.mark.parametrize(
    "name", ["АЛЕКСЕЙ ЁЛКИН", "ӘЙГЕРІМ ҚЫЗҒАЛДАҚ ҰЛЫ", "Мүйізді Андрей Соловьёв"]
)
def test_marks_may_be_composed_or_taken_apart(
    name: str, form: Literal["NFC", "NFD", "NFKC", "NFKD"]
) -> None:
    sent = unicodedata.normalize(form, name)
    assert terms.of_people([claims(common_name=sent)]) == terms.of_people(
        [claims(common_name=name)]
    )
    assert terms.full_name(claims(common_name=sent)) == name.lower()
    for length in range(1, len(name)):
        beginning = unicodedata.normalize(form, name[:length])
        assert terms.first_letter(fold(beginning)) == terms.first_letter(fold(name[:length]))
        assert terms.is_term(beginning) == terms.is_term(name[:length])
        assert terms.whole_names(beginning) == terms.whole_names(name[:length])


def test_who_has_no_name_is_not_found_by_one() -> None:
    assert terms.of_people([claims()]) == []
    assert terms.full_name(claims()) is None


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def day(text: str) -> str:
    return terms.of_moment(moment(text))[0]


def month(text: str) -> str:
    return terms.of_moment(moment(text))[1]


@pytest.mark.parametrize(
    ("start", "end", "months", "days", "cut"),
    [
        ("2021-03-05", "2021-03-05T23:59:59.999999", (), ["2021-03-05"], []),
        ("2021-03-01", "2021-03-31T23:59:59.999999", ("2021-03", "2021-04"), [], []),
        ("2021-03-05T10:00", "2021-03-05T11:00", (), [], ["2021-03-05"]),
        ("2021-03-05", "2021-03-06T12:00", (), ["2021-03-05"], ["2021-03-06"]),
        (
            "2021-02-28T12:00",
            "2021-04-01T00:00",
            ("2021-03", "2021-04"),
            [],
            ["2021-02-28", "2021-04-01"],
        ),
        ("2019-12-31", "2021-01-01", ("2020-01", "2021-01"), ["2019-12-31"], ["2021-01-01"]),
        ("2021-01-30", "2021-03-02", ("2021-02", "2021-03"),
            ["2021-01-30", "2021-01-31", "2021-03-01"], ["2021-03-02"]),
        ("2021-01-02", "2021-01-01", (), [], []),
    ],
)  # fmt: skip
def test_a_period_is_covered_by_months_and_days(
    start: str, end: str, months: tuple[str, ...], days: list[str], cut: list[str]
) -> None:
    first, before = [month(f"{one}-01") for one in months] or ("", "")
    expected = Cover((first, before), [day(one) for one in days], [day(one) for one in cut])
    assert Period(moment(start), moment(end)).cover() == expected


def test_an_open_period_reaches_as_far_as_any_claim() -> None:
    months, days, cut = Period(moment("2090-01-01"), None).cover()
    assert months[0] == month("2090-01-01") <= month("2099-12-31") < months[1]
    assert not days + cut
    months, days, cut = Period(None, moment("2009-12-31T01:00")).cover()
    assert months[0] == month("2000-01-01") == month("1950-07-07")
    assert cut == [day("2009-12-31")]
    assert day("1950-01-01") == day("2000-01-01")


def test_every_moment_is_in_exactly_one_span_of_its_period() -> None:
    chance = random.Random(1)
    begin = datetime(2015, 1, 1, tzinfo=UTC)
    for _ in range(500):
        start = begin + timedelta(seconds=chance.randrange(10**8))
        end = start + timedelta(seconds=chance.randrange(3 * 10**8))
        cover = Period(start, end).cover()
        days = [*cover.days, *cover.cut]
        assert len(days) == len(set(days)) < 63

        def spans(when: datetime, cover: Cover = cover) -> int:
            mine, its_month = terms.of_moment(when)
            in_month = cover.months[0] <= its_month < cover.months[1]
            return [*cover.days, *cover.cut].count(mine) + in_month

        assert spans(start + (end - start) * chance.random()) == 1
        assert spans(end + timedelta(days=1, seconds=1)) == 0
        assert spans(start - timedelta(days=1, seconds=1)) == 0
