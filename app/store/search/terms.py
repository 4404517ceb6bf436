"""Search terms of threads beside document, thread, stage and tags: each is an exact key.

A term is a kind and a value. Every search, also by beginnings of names and by periods, needs few of
them, so that every page is read from one narrow index, newest first.

A row of that index holds a term in units of eight bytes, one byte of which PostgreSQL uses itself.
So all but names and digests have at most seven characters. The first one is the kind: T a day, U a
month, V a digest, W a whole name, X a first letter; less than T the number of a person or of an
organisation. No term of before step 0013 begins with a capital letter or a digit.
"""

from __future__ import annotations

import unicodedata
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from string import ascii_uppercase
from typing import NamedTuple

from app.cms import Claims

#: Characters of a whole name at most: a row of an index can hold 2,700 bytes.
WHOLE_NAME = 200
#: The bounds of the terms of persons' numbers (end exclusive).
IIN_TERMS = ("-------", "DYJdG--")

_DAY_KIND, _MONTH_KIND, _DIGEST_KIND, _NAME_KIND, _LETTER_KIND = "TUVWX"
#: Digits to the base 64, in the order of their bytes.
_DIGITS = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
#: What is added to the number of an organisation: all numbers have twelve decimal digits.
_ORGANISATIONS = 10**12
#: Characters, of six bits each, of a digest: two files that share 180 bits cost 2**90 attempts.
_DIGEST_LENGTH = 30
#: Frequent letters take one byte: no folded name has a capital Latin letter.
_CODED = str.maketrans("абвгдежзийклмнорстухчшыьяқ", ascii_uppercase)
#: It sorts after any continuation of a name.
_BEHIND_ALL = "\U0010ffff"
#: Times before and after are replaced by these: claims outside are wrong anyway.
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)
_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


def iin(number: str) -> str:
    """Return the term of a person's number, which is twelve digits."""
    return _digits(int(number), 7)


def bin_(number: str) -> str:
    """Return the term of an organisation's number, which is twelve digits."""
    return _digits(_ORGANISATIONS + int(number), 7)


def _digits(number: int, length: int) -> str:
    """Return a number to the base 64, by as many digits."""
    return "".join(_DIGITS[number >> 6 * place & 63] for place in reversed(range(length)))


def is_term(beginning: str) -> bool:
    """Return whether a beginning of a name is a term; the empty one is, which no thread has."""
    return len(fold(beginning)) < 2


def name(beginning: str) -> str:
    """Return the term of a name with this beginning, in any letter case, if `is_term`."""
    return first_letter(fold(beginning))


def first_letter(folded: str) -> str:
    """Return the term that all names with this folded beginning have."""
    return _LETTER_KIND + folded[:1].translate(_CODED)


def whole_names(beginning: str) -> tuple[str, str]:
    """Return the bounds of the terms of whole names with this beginning (end exclusive)."""
    first = _whole_name(fold(beginning))
    return first, first + _BEHIND_ALL


def _whole_name(folded: str) -> str:
    return _NAME_KIND + folded[:WHOLE_NAME].translate(_CODED)


def sha256(digest: str) -> str:
    """Return the term of a digest, hex."""
    return _DIGEST_KIND + urlsafe_b64encode(bytes.fromhex(digest))[:_DIGEST_LENGTH].decode()


def fold(text: str) -> str:
    """Return a name in its comparable form: in lower case, one blank between words.

    It is in NFC, whether its marks were composed with their letters or, as on macOS, decomposed
    (the Unicode Standard, section 3.13, D145).
    """
    small = unicodedata.normalize("NFD", text).casefold()
    return " ".join(unicodedata.normalize("NFC", small).split())


@lru_cache(maxsize=512)
def full_name(claims: Claims) -> str | None:
    """Return surname, given name and patronymic in comparable form, else the common name."""
    parts = (claims.surname, claims.given_name, claims.patronymic)
    text = " ".join(part for part in parts if part) if claims.surname else claims.common_name
    return fold(text) if text else None


def of_people(signers: Iterable[Claims]) -> list[str]:
    """Return the terms by which signers are found."""
    return [term for claims in signers for term in _of_claims(claims)]


@lru_cache(maxsize=512)
def _of_claims(claims: Claims) -> list[str]:
    return of_person(claims.iin, claims.bin, full_name(claims))


def of_person(iin_: str | None, bin__: str | None, folded: str | None) -> list[str]:
    """Return the terms of a signer with these numbers and this folded name."""
    found = []
    if iin_:
        found.append(iin(iin_))
    if bin__:
        found.append(bin_(bin__))
    if folded:
        found += [first_letter(folded), _whole_name(folded)]
    return found


def of_digests(digests: Iterable[str]) -> list[str]:
    """Return the terms by which files are found."""
    return [sha256(digest) for digest in digests]


def of_moment(moment: datetime) -> list[str]:
    """Return the terms of the day and the month that contain a time."""
    clamped = _clamp(moment)
    return [_day(clamped), _month(clamped)]


class Cover(NamedTuple):
    """The terms that cover a period."""

    #: The bounds of the months inside it (end exclusive); equal if there are none.
    months: tuple[str, str]
    #: The days inside it, and outside these months.
    days: list[str]
    #: The days that it cuts.
    cut: list[str]


@dataclass(frozen=True, slots=True)
class Period:
    """A time from `start` to `end`, both included, None: open."""

    start: datetime | None
    end: datetime | None

    def cover(self) -> Cover:
        """Return the terms of all threads signed in it, and few others."""
        start, end = _clamp(self.start or _EARLIEST), _clamp(self.end or _LATEST)
        if start > end:
            return Cover(("", ""), [], [])
        first, last = _midnight(start), _midnight(end) + _DAY
        cut = []
        if self.start and start != first:
            cut.append(_day(first))
            first += _DAY
        if self.end and end != last - _INSTANT:
            last -= _DAY
            if last >= first:
                cut.append(_day(last))
        return _cover(first, last, list(dict.fromkeys(cut)))


def _cover(first: datetime, last: datetime, cut: list[str]) -> Cover:
    """Cover the days from one midnight to another, exclusive."""
    month = first if first.day == 1 else (first.replace(day=1) + 31 * _DAY).replace(day=1)
    behind = last.replace(day=1)
    if month >= behind:
        return Cover(("", ""), _days(first, last), cut)
    months = _month(month), _month(behind)
    return Cover(months, [*_days(first, month), *_days(behind, last)], cut)


def _days(first: datetime, last: datetime) -> list[str]:
    return [_day(first + number * _DAY) for number in range((last - first).days)]


def _day(moment: datetime) -> str:
    return _DAY_KIND + _digits((moment - _EARLIEST).days, 3)


def _month(moment: datetime) -> str:
    return _MONTH_KIND + _digits(12 * (moment.year - _EARLIEST.year) + moment.month - 1, 2)


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _clamp(moment: datetime) -> datetime:
    return min(max(moment.astimezone(UTC), _EARLIEST), _LATEST)
