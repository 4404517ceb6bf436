"""What programs that rebuild a table may take for a part of the file, and no section lists.

Some programs rebuild it for little: an entry that is wrong, a reference that leads nowhere. They
search all bytes for objects and trailers, in streams, texts and comments, too.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice

from app.pdf.child.chain import Chain, last_section
from app.pdf.child.extents import list_places
from app.pdf.child.objects import read_object
from app.pdf.child.opening import Refused
from app.pdf.child.sections import FREE, IN_USE, read_section
from app.pdf.child.tokens import Irregular, Reader, Reference

#: Blanks of any program: bytes above 127 are some for pdfium and pdf.js.
_BLANK = rb"[\x00\t\n\v\f\r \x80\xa0\xff]"
_OBJECT = re.compile(
    rb"(?<![0-9])[0-9]++[+.-]*+%b++[+.-]*+[0-9]++[+.-]*+%b*+obj" % (_BLANK, _BLANK)
)
#: A comment before the keyword, or its last number. What stands before is not asked, since numbers
#: in a run of comments would each be followed to its end. The keyword is looked ahead for: the next
#: comment may begin before it.
_COMMENTED = re.compile(
    rb"(?:\A|[\r\n])[^\r\n%%]*+%%[^\r\n]*+(?=[\r\n]%b*+(?:[+.-]*+[0-9]++[+.-]*+%b*+)?+(obj))"
    % (_BLANK, _BLANK)
)
_BLANKS = re.compile(rb"[\x00\t\n\f\r ]{0,8}+")
_HEAD = re.compile(rb"([0-9]{1,10})[\x00\t\n\f\r ]{1,99}+([0-9]{1,5})[\x00\t\n\f\r ]{1,99}+obj")
_AFTER = re.compile(rb"(?:%b|%%[^\r\n]{0,200}+[\r\n])*+" % _BLANK)
_TRAILER = re.compile(rb"trailer%b*+(?:<<|%%)" % _BLANK)


def _name(word: bytes) -> re.Pattern[bytes]:
    """Return what finds a name, however it is escaped."""
    letters = (rb"(?:%c|#%02x|#%02X)" % (one, one, one) for one in word)
    return re.compile(rb"/%b(?![A-Za-z0-9_.+-])" % b"".join(letters))


_TABLE = _name(b"XRef")
_LINEARIZED = _name(b"Linearized")
_PACKING = (b"/FlateDecode", [b"/FlateDecode"])
#: Strays that are held. With more of them, nothing is known.
_MOST = 200_000
_END = b"endobj"
#: Programs cut lines where they are as long, and may then read a part of a number.
_LINE = 250


def find_objects(data: bytes) -> Iterator[int]:
    """Return where what looks like an object begins, and its keyword, if comments are before it.

    They are not in the order of their offsets.
    """
    yield from (one.start() for one in _OBJECT.finditer(data))
    for one in _COMMENTED.finditer(data):
        yield one.start()
        yield one.start(1)


class Strays:
    """What no section of a file lists, and entries that lead elsewhere.

    `reader` is that of the whole file: objects that are read here are read anew.
    """

    def __init__(self, data: bytes, chain: Chain, reader: Reader) -> None:
        self._data, self._reader = data, reader
        revisions = chain.revisions
        self._objects, _ = list_places(revisions)
        self._places = sorted(self._objects)
        sections = [one for revision in revisions for one in revision.sections]
        self._sections = sorted((one.start, one.end) for one in sections)
        self._starts = {one.named: one.start for one in sections}
        self._root = revisions[0].section.trailer.get(b"/Root") if revisions else None
        self._newest = {n: entry for one in reversed(sections) for n, entry in one.entries.items()}
        self._entries = {pair for one in sections for pair in one.entries.items()}
        self._copies: dict[int, tuple[int, int] | None] = {}
        self._said: dict[int, bool] = {}

    def first(self) -> int | None:
        """Return the offset of the first stray; None without one."""
        return self._listed[0] if self._listed else None

    def are_packed(self) -> bool:
        """Return whether each stray is in the bytes of a packed stream, where it is by chance.

        What can't be packed any further, such as most of an attached PDF, is stored as it is.
        """
        end = 0
        for at in self._listed:
            if at >= end:
                place = _begin(self._data, self._place_before(at))
                try:
                    body = read_object(self._data, place, self._reader)
                    packing = body.dictionary.get(b"/Filter")
                except (Irregular, Refused):
                    return False
                end = body.start + len(body.packed or b"")
                if packing not in _PACKING or not body.start <= at < end:
                    return False
        return True

    def lead_somewhere(self, references: Iterable[Reference]) -> bool:
        """Return whether there is an object for each reference: else programs search for it."""
        return all(self._is_there(one) for one in references)

    def _is_there(self, one: Reference) -> bool:
        entry = self._newest.get(one.number)
        if entry is None or entry.kind == FREE:
            return False
        return one.generation == (entry.generation if entry.kind == IN_USE else 0)

    @cached_property
    def _listed(self) -> list[int]:
        """Where the strays are, in their order; the first byte alone, if they are too many."""
        found = list(islice(self._list(), _MOST + 1))
        return sorted(found) if len(found) <= _MOST else [0]

    def _list(self) -> Iterator[int]:
        data = self._data
        begins: set[int] = set()
        for place, references in self._objects.items():
            begin = _begin(data, place)
            head = _HEAD.match(data, begin)
            if head is None or references != {Reference(int(head[1]), int(head[2]))}:
                # Whatever its offset: it may lead behind what is signed.
                yield 0
            elif _is_within_long_line(data, begin):
                yield begin
            begins.add(begin)
        yield from (at for at in find_objects(data) if at not in begins)
        for pattern in (_TRAILER, _TABLE):
            places = (one.start() for one in pattern.finditer(data))
            for at in (one for one in places if not self._is_in_section(one)):
                if pattern is _TRAILER or not self._is_in_copy(at):
                    yield at

    def _is_in_copy(self, at: int) -> bool:
        """Return whether an offset is in a listed stream that says only what the sections say."""
        place = self._place_before(at)
        if place not in self._copies:
            self._copies[place] = self._read_copy(place)
        copy = self._copies[place]
        return copy is not None and copy[0] <= at < copy[1]

    def _read_copy(self, place: int) -> tuple[int, int] | None:
        """Return where such a stream begins and ends; None without one. PDFBox writes such."""
        try:
            copy = read_section(self._data, place, self._reader)
        except (Irregular, Refused):
            return None
        is_copy = copy.trailer.get(b"/Root") == self._root and all(
            entry.kind == FREE or (number, entry) in self._entries
            for number, entry in copy.entries.items()
        )
        return (copy.start, copy.end) if is_copy else None

    def _place_before(self, at: int) -> int:
        """Return where the object is listed in which an offset may be."""
        return self._places[max(0, bisect_right(self._places, at) - 1)] if self._places else 0

    def _is_in_section(self, at: int) -> bool:
        index = bisect_right(self._sections, (at, len(self._data) + 1)) - 1
        return index >= 0 and at < self._sections[index][1]

    def is_linear_until(self, end: int) -> bool:
        """Return whether programs that begin at the front find the same section as others.

        They take that behind the first object, if this says that the file is as long as it is.
        """
        places = self._behind_front
        if not places:
            return True
        sizes = (one for one in (len(self._data), end) if self.says(one))
        newest = {self._starts.get(last_section(self._data, one) or 0) for one in sizes}
        return places <= set(self._starts.values()) and all(newest <= {one} for one in places)

    @cached_property
    def _front(self) -> int:
        """Where the second object begins."""
        return (self._places[1:2] or [len(self._data)])[0]

    def says(self, size: int) -> bool:
        """Return whether a number may be in the first object, with any zeros before it."""
        if size not in self._said:
            number = re.compile(rb"%d(?<![1-9]%d)(?![0-9])" % (size, size))
            self._said[size] = number.search(self._data, 0, self._front) is not None
        return self._said[size]

    @cached_property
    def _behind_front(self) -> set[int]:
        """What stands behind the ends of the first object, if that says that it is linearized.

        What follows the first that is no section is not in it.
        """
        found: set[int] = set()
        starts = set(self._starts.values())
        if _LINEARIZED.search(self._data, 0, self._front):
            for place in self._list_behind():
                found.add(place)
                if place not in starts:
                    break
        return found

    def _list_behind(self) -> Iterator[int]:
        """Return where something stands behind an end of the first object, or in its comments."""
        end = 0
        at = self._data.find(_END, 0, self._front)
        while at >= 0:
            behind = _AFTER.match(self._data, at + len(_END))
            # An end in a comment behind another end is doubted: no comment is read twice.
            yield at if behind is None or at < end else behind.end()
            end = behind.end() if behind else at
            at = self._data.find(_END, at + 1, self._front)


def _begin(data: bytes, place: int) -> int:
    blanks = _BLANKS.match(data, place)
    return blanks.end() if blanks else place


def _is_within_long_line(data: bytes, begin: int) -> bool:
    before = data[max(0, begin - _LINE) : begin]
    return len(before) == _LINE and b"\n" not in before and b"\r" not in before
