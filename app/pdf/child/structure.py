"""Whether a file can be read in one way only: as a whole, or before and after a signature."""

from __future__ import annotations

from functools import cached_property
from typing import TypeVar

from app.pdf.child.chain import Chain, follow, last_section
from app.pdf.child.extents import Extents, LengthOf
from app.pdf.child.layout import Former, check_layout, list_former
from app.pdf.child.objects import Body, read_object
from app.pdf.child.opening import Refused
from app.pdf.child.sections import IN_USE, Entry
from app.pdf.child.strays import Strays
from app.pdf.child.tokens import Irregular, Reader
from app.pdf.limits import Limits

Value = TypeVar("Value")
_BLANKS = (b" ", b"\t", b"\r", b"\n", b"\f")
# Before an object, at its offset.
_MOST_BLANKS = 8


class Structure:
    """The revisions of a file. Each is checked once, for all signatures.

    `length` says what a reference to the length of a stream leads to.
    """

    def __init__(self, data: bytes, limits: Limits, length: LengthOf = lambda _: None) -> None:
        self._data, self._limits, self._length = data, limits, length
        self._reader = Reader(limits.tokens, limits.inflated)
        self._checked: dict[tuple[int, int], bool | Refused] = {}

    @cached_property
    def _followed(self) -> Chain | Refused:
        try:
            return follow(self._data, self._reader, self._limits)
        except Refused as error:
            return error

    @property
    def _chain(self) -> Chain:
        """The revisions. Raises Refused."""
        return _unless_refused(self._followed)

    @cached_property
    def _former(self) -> list[Former]:
        """What each revision changes. Raises Refused."""
        return list_former(self._chain.revisions)

    def is_known(self) -> bool:
        """Return whether all sections are regular, so that it is known where objects are."""
        return isinstance(self._followed, Chain) and self._followed.broken is None

    def is_clear(self) -> bool:
        """Return whether all revisions are regular, from the first byte on. Raises Refused."""
        begins = [*(one.end for one in self._chain.revisions[1:]), 0]
        is_regular = self._chain.broken is None and all(
            begin is not None and self._is_regular(at, begin) for at, begin in enumerate(begins)
        )
        if not is_regular or not self._strays.is_linear_until(len(self._data)):
            return False
        # Each object was read, so that each reference is known.
        return self._first_stray is None or (
            self._strays.are_packed() and self._strays.lead_somewhere(self._reader.references)
        )

    def is_clear_until(self, end: int) -> bool:
        """Return whether each section before an offset is regular, and lists all that is there.

        Raises Refused.
        """
        broken = self._chain.broken
        if broken is not None:
            return broken >= end
        stray = self._first_stray
        return (stray is None or stray >= end) and self._strays.is_linear_until(end)

    @cached_property
    def _strays(self) -> Strays:
        """What no section lists. Raises Refused."""
        return Strays(self._data, self._chain, self._reader)

    @cached_property
    def _first_stray(self) -> int | None:
        """The offset of the first of them. Raises Refused."""
        return self._strays.first()

    def is_clear_after(self, end: int) -> bool:
        """Return whether each revision after a signed one, which ends here, is regular.

        Raises Refused.
        """
        revisions = self._chain.revisions
        later = [one for one in revisions if one.section.start >= end]
        if not later or later != list(revisions[: len(later)]):
            return False
        if later[-1].section.previous != last_section(self._data, end):
            return False
        begins = [*(one.end for one in later[1:]), end]
        return all(
            begin is not None and self._is_regular(at, begin) for at, begin in enumerate(begins)
        )

    def read_listed(self, number: int, generation: int) -> tuple[int, Body]:
        """Return an object, and where it begins: where the newest section that has it says.

        Raises Irregular, Refused.
        """
        sections = (one for revision in self._chain.revisions for one in revision.sections)
        entry = next((one.entries[number] for one in sections if number in one.entries), None)
        if entry != Entry(IN_USE, entry.place if entry else 0, generation):
            raise Irregular
        # Programs skip blanks before it, and older ones list the end of the line before.
        place = entry.place
        while self._data[place : place + 1] in _BLANKS and place < entry.place + _MOST_BLANKS:
            place += 1
        body = read_object(self._data, place, self._reader, is_named=True)
        if body.reference != (number, generation):
            raise Irregular
        return place, body

    def is_apart_until(self, end: int) -> bool:
        """Return whether each object that begins before an offset ends before the next one begins.

        Raises Refused.
        """
        unclear = _unless_refused(self._first_unclear)
        return self._chain.broken is None and (unclear is None or unclear >= end)

    @cached_property
    def _first_unclear(self) -> int | Refused | None:
        try:
            extents = Extents(self._data, Reader(self._limits.tokens, 0), self._length)
            return extents.first_unclear(self._chain.revisions)
        except Refused as error:
            return error

    def _is_regular(self, at: int, begin: int) -> bool:
        """Return whether a revision, counted from the newest, has a regular layout."""
        if (at, begin) not in self._checked:
            self._checked[at, begin] = self._check(at, begin)
        return _unless_refused(self._checked[at, begin])

    def _check(self, at: int, begin: int) -> bool | Refused:
        revision, former = self._chain.revisions[at], self._former[at]
        try:
            check_layout(self._data, begin, revision, former, self._reader)
        except Irregular:
            return False
        except Refused as error:
            return error
        return True


def _unless_refused(value: Value | Refused) -> Value:
    """Return what was found. Raises Refused, if that is what was found."""
    if isinstance(value, Refused):
        raise value
    return value
