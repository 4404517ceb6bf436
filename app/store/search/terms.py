"""Search terms of threads beside document, thread, stage and tags: each is an exact key.

A term is a kind and a value. Every search, also by beginnings of names and by periods, needs few of
them, so that every page is read from one narrow index, newest first.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from app.cms import Claims

#: Lengths of the beginnings of a name that are terms. Other lengths are searched among the whole
#: names, and among threads with the longest of these (`names`).
PREFIX_LENGTHS = (1, 2, 4, 8, 16)
#: Characters of a whole name at most: a row of an index can hold 2,700 bytes.
WHOLE_NAME = 200
#: It sorts after any continuation of a name.
_BEHIND_ALL = "\U0010ffff"
#: Spans of time: kind, and the length of its prefix of `YYYY-MM-DD`, the longest first.
_SPANS = (("year", 4), ("month", 7), ("day", 10))
#: Times before and after are replaced by these: claims outside are wrong anyway.
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)
_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


def iin(number: str) -> str:
    """Return the term of a person's number."""
    return f"iin:{number}"


def bin_(number: str) -> str:
    """Return the term of an organisation's number."""
    return f"bin:{number}"


def is_term(beginning: str) -> bool:
    """Return whether a beginning of a name is a term; the empty one is, which no thread has."""
    folded = fold(beginning)
    return not folded or len(folded) in PREFIX_LENGTHS


def name(beginning: str) -> str:
    """Return the term of a name with this beginning, in any letter case, if `is_term`."""
    return f"name:{fold(beginning)}"


def longest_term(folded: str) -> str:
    """Return the longest term that all names with this folded beginning have."""
    return f"name:{folded[: max(one for one in PREFIX_LENGTHS if one <= len(folded))]}"


def whole_names(beginning: str) -> tuple[str, str]:
    """Return the bounds of the terms of whole names with this beginning (end exclusive)."""
    first = _whole_name(fold(beginning))
    return first, first + _BEHIND_ALL


def _whole_name(folded: str) -> str:
    return f"person:{folded[:WHOLE_NAME]}"


def sha256(digest: str) -> str:
    """Return the term of a digest, hex."""
    return f"sha256:{digest.lower()}"


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
    return [term for claims in signers for term in _of_person(claims)]


@lru_cache(maxsize=512)
def _of_person(claims: Claims) -> tuple[str, ...]:
    found = []
    if claims.iin:
        found.append(iin(claims.iin))
    if claims.bin:
        found.append(bin_(claims.bin))
    text = full_name(claims)
    if text:
        found += [f"name:{text[:length]}" for length in PREFIX_LENGTHS if length <= len(text)]
        found.append(_whole_name(text))
    return tuple(found)


def of_digests(digests: Iterable[str]) -> list[str]:
    """Return the terms by which files are found."""
    return [sha256(digest) for digest in digests]


def of_moment(moment: datetime) -> list[str]:
    """Return the terms of all spans that contain a time."""
    day = _clamp(moment).date().isoformat()
    return [f"{kind}:{day[:length]}" for kind, length in _SPANS]


@dataclass(frozen=True, slots=True)
class Period:
    """A time from `start` to `end`, both included, None: open."""

    start: datetime | None
    end: datetime | None

    def spans(self) -> tuple[list[str], list[str]]:
        """Return terms that cover it: of spans inside it, and of days that it cuts."""
        start, end = _clamp(self.start or _EARLIEST), _clamp(self.end or _LATEST)
        if start > end:
            return [], []
        first, last = _midnight(start), _midnight(end) + _DAY
        cut = []
        if self.start and start != first:
            cut.append(_day(first))
            first += _DAY
        if self.end and end != last - _INSTANT:
            last -= _DAY
            if last >= first:
                cut.append(_day(last))
        return list(_cover(first, last)), list(dict.fromkeys(cut))


def _cover(first: datetime, last: datetime) -> Iterator[str]:
    """Return the longest spans from one midnight to another, exclusive."""
    while first < last:
        day = first.date().isoformat()
        for kind, length in _SPANS:
            following = _after(first, kind)
            if following is not None and following <= last:
                yield f"{kind}:{day[:length]}"
                first = following
                break


def _after(first: datetime, kind: str) -> datetime | None:
    """Return the end of the span of this kind that begins at `first`, None if none begins there."""
    if kind == "day":
        return first + _DAY
    if first.day != 1:
        return None
    if kind == "month":
        return (first + 31 * _DAY).replace(day=1)
    return first.replace(year=first.year + 1) if first.month == 1 else None


def _day(moment: datetime) -> str:
    return f"day:{moment.date().isoformat()}"


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _clamp(moment: datetime) -> datetime:
    return min(max(moment.astimezone(UTC), _EARLIEST), _LATEST)
