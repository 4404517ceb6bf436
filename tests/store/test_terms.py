"""Terms: what a beginning and a span of time are made of."""

import random
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from app.cms.x509.nca_profile import Claims
from app.store.search import terms
from app.store.search.terms import PREFIX_LENGTHS, WHOLE_NAME, Period


def claims(**fields: str) -> Claims:
    """Return what a certificate claims that says little."""
    nothing = Claims(None, None, None, None, None, None, None, None, None, (), (), (), ())
    return replace(nothing, **fields)  # type: ignore[arg-type]  # fields by their names


def test_a_person_is_found_by_numbers_and_by_few_beginnings_of_the_name() -> None:
    found = terms.of_people([claims(iin="1" * 12, bin="2" * 12, surname="Ли", given_name="Ян")])
    assert found == [
        "iin:111111111111",
        "bin:222222222222",
        "name:л",
        "name:ли",
        "name:ли я",
        "person:ли ян",
    ]


def test_a_long_name_has_few_beginnings_and_itself_up_to_an_end() -> None:
    found = terms.of_people([claims(common_name="Ә" * 300)])
    assert found[:-1] == [f"name:{'ә' * length}" for length in PREFIX_LENGTHS]
    assert found[-1] == f"person:{'ә' * WHOLE_NAME}"


@pytest.mark.parametrize("length", range(1, 300))
def test_every_beginning_of_a_name_leads_to_a_term_of_it(length: int) -> None:
    full = " ".join(["Абдрахманов-Сейдахметов", "Нур", "сұлтан", "ұлы", "оглы", "ß" * 200])
    found = terms.of_people([claims(common_name=full)])
    first, before = terms.whole_names(full[:length])
    assert [term for term in found if first <= term < before] == found[-1:]
    assert terms.longest_term(terms.fold(full[:length])) in found
    if terms.is_term(full[:length]):
        assert terms.name(full[:length]) in found


@pytest.mark.parametrize("nothing", [" ", "\t \n"])
def test_no_one_has_the_name_of_blanks(nothing: str) -> None:
    assert terms.is_term(nothing)
    assert terms.name(nothing) not in terms.of_people([claims(common_name="Ли")])


def test_a_signer_makes_at_most_eight_rows() -> None:
    one = claims(iin="1" * 12, bin="2" * 12, common_name="Ә" * 300)
    assert len(terms.of_people([one])) == 8


@pytest.mark.parametrize("text", ["ИВАНОВ", " иванов ", "Иванов"])
def test_letter_case_and_blanks_do_not_matter(text: str) -> None:
    assert terms.name(text) == "name:иванов"


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
        assert terms.name(beginning) == terms.name(name[:length])
        assert terms.is_term(beginning) == terms.is_term(name[:length])
        assert terms.whole_names(beginning) == terms.whole_names(name[:length])


def test_who_has_no_name_is_not_found_by_one() -> None:
    assert terms.of_people([claims()]) == []
    assert terms.full_name(claims()) is None


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "whole", "cut"),
    [
        ("2021-03-05", "2021-03-05T23:59:59.999999", ["day:2021-03-05"], []),
        ("2021-03-01", "2021-03-31T23:59:59.999999", ["month:2021-03"], []),
        ("2021-03-05T10:00", "2021-03-05T11:00", [], ["day:2021-03-05"]),
        ("2021-03-05", "2021-03-06T12:00", ["day:2021-03-05"], ["day:2021-03-06"]),
        (
            "2021-02-28T12:00",
            "2021-04-01T00:00",
            ["month:2021-03"],
            ["day:2021-02-28", "day:2021-04-01"],
        ),
        ("2019-12-31", "2021-01-01", ["day:2019-12-31", "year:2020"], ["day:2021-01-01"]),
        (
            "2010-01-01",
            "2012-01-01",
            ["year:2010", "year:2011"],
            ["day:2012-01-01"],
        ),
        ("2021-01-02", "2021-01-01", [], []),
    ],
)
def test_a_period_is_covered_by_the_longest_spans(
    start: str, end: str, whole: list[str], cut: list[str]
) -> None:
    assert Period(moment(start), moment(end)).spans() == (whole, cut)


def test_an_open_period_reaches_as_far_as_any_claim() -> None:
    assert Period(moment("2090-01-01"), None).spans() == (
        [f"year:{year}" for year in range(2090, 2100)],
        [],
    )
    whole, cut = Period(None, moment("2009-12-31T01:00")).spans()
    assert whole[0] == "year:2000"
    assert cut == ["day:2009-12-31"]
    assert terms.of_moment(datetime(1950, 1, 1, tzinfo=UTC))[-1] == "day:2000-01-01"


def test_every_moment_is_in_exactly_one_span_of_its_period() -> None:
    chance = random.Random(1)
    begin = datetime(2015, 1, 1, tzinfo=UTC)
    for _ in range(500):
        start = begin + timedelta(seconds=chance.randrange(10**8))
        end = start + timedelta(seconds=chance.randrange(3 * 10**8))
        within = start + (end - start) * chance.random()
        whole, cut = Period(start, end).spans()
        assert len(whole) == len(set(whole))
        assert len(whole) + len(cut) < 200
        assert len({*whole, *cut} & set(terms.of_moment(within))) == 1
        outside = end + timedelta(days=1, seconds=1)
        assert not {*whole, *cut} & set(terms.of_moment(outside))
