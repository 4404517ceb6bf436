"""What programs that rebuild a table may take for a part of the file, and no section lists.

Some programs rebuild it for little: an entry that is wrong, a reference that leads nowhere. They
search all bytes for objects and trailers, in streams, texts and comments, too.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from app.pdf.child.chain import Chain, last_section
from app.pdf.child.extents import list_places
from app.pdf.child.objects import read_object
from app.pdf.child.opening import Refused
from app.pdf.child.sections import FREE, IN_USE, read_section
from app.pdf.child.tokens import Irregular, Reader, Reference

#: Blanks of any program: bytes above 127 are some for pdfium and pdf.js. Comments count as blanks.
_BLANK = rb"[\x00\t\n\v\f\r \x80\xa0\xff]"
_APART = rb"(?:%b|%%[^\r\n]{0,200}+[\r\n])" % _BLANK
# Longer comments are looked for line by line, so that none is read twice.
_OBJECT = re.compile(
    rb"(?<![0-9])[0-9]++[+.-]*+%b++[+.-]*+[0-9]++[+.-]*+%b*+obj"
    rb"|[\r\n][^\r\n%%]*+%%[^\r\n]{200,}+[\r\n]%b*+(?:[0-9]++%b*+)?+obj"
    % (_APART, _APART, _BLANK, _BLANK)
)
_BLANKS = re.compile(rb"[\x00\t\n\f\r ]{0,8}+")
_HEAD = re.compile(rb"([0-9]{1,10})[\x00\t\n\f\r ]++([0-9]{1,5})[\x00\t\n\f\r ]++obj")
_AFTER = re.compile(rb"%b*+" % _APART)
_TRAILER = re.compile(rb"trailer%b*+<<" % _APART)


def _name(word: bytes) -> re.Pattern[bytes]:
    """Return what finds a name, however it is escaped."""
    letters = (rb"(?:%c|#%02x|#%02X)" % (one, one, one) for one in word)
    return re.compile(rb"/%b(?![A-Za-z0-9_.+-])" % b"".join(letters))


_TABLE = _name(b"XRef")
_LINEARIZED = _name(b"Linearized")
_DIGITS = re.compile(rb"[0-9]{1,20}")
_PACKING = (b"/FlateDecode", [b"/FlateDecode"])
#: Enough for one stream.
_TOKENS = 100_000
#: Programs cut lines where they are as long, and may then read a part of a number.
_LINE = 250


def find_objects(data: bytes) -> Iterator[int]:
    """Return where what looks like an object begins."""
    return (one.start() for one in _OBJECT.finditer(data))


class Strays:
    """What no section of a file lists, and entries that lead elsewhere."""

    def __init__(self, data: bytes, chain: Chain) -> None:
        self._data = data
        revisions = chain.revisions
        self._objects, _ = list_places(revisions)
        self._places = sorted(self._objects)
        sections = [one for revision in revisions for one in revision.sections]
        self._sections = sorted((one.start, one.end) for one in sections)
        self._starts = {one.named: one.start for one in sections}
        self._root = revisions[0].section.trailer.get(b"/Root") if revisions else None
        self._newest = {n: entry for one in reversed(sections) for n, entry in one.entries.items()}
        self._entries = {pair for one in sections for pair in one.entries.items()}

    def first(self) -> int | None:
        """Return the offset of the first stray; None without one."""
        return min(self._list(), default=None)

    def are_packed(self) -> bool:
        """Return whether each stray is in the bytes of a packed stream, where it is by chance.

        What can't be packed any further, such as most of an attached PDF, is stored as it is.
        """
        end = 0
        for at in sorted(self._list()):
            if at >= end:
                place = _begin(self._data, self._place_before(at))
                try:
                    body = read_object(self._data, place, Reader(_TOKENS, 0))
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
        for pattern, is_known in ((_TRAILER, self._is_nothing), (_TABLE, self._is_copy)):
            found = (one.start() for one in pattern.finditer(data))
            yield from (at for at in found if not self._is_in_section(at) and not is_known(at))

    def _is_nothing(self, _: int) -> bool:
        return False

    def _is_copy(self, at: int) -> bool:
        """Return whether a listed stream says only what the sections say: PDFBox writes such."""
        try:
            copy = read_section(self._data, self._place_before(at), Reader(_TOKENS, _TOKENS))
        except (Irregular, Refused):
            return False
        return (
            copy.start <= at < copy.end
            and copy.trailer.get(b"/Root") == self._root
            and all(
                entry.kind == FREE or (number, entry) in self._entries
                for number, entry in copy.entries.items()
            )
        )

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
        data = self._data
        front = (self._places[1:2] or [len(data)])[0]
        if not _LINEARIZED.search(data, 0, front):
            return True
        numbers = {int(one) for one in _DIGITS.findall(data[:front])}
        newest = {
            self._starts.get(last_section(data, size) or 0)
            for size in (len(data), end)
            if size in numbers
        }
        return all(
            place in self._starts.values() and newest <= {place}
            for place in self._list_behind(front)
        )

    def _list_behind(self, front: int) -> Iterator[int]:
        """Return where something stands behind an end of the first object."""
        at = self._data.find(b"endobj", 0, front)
        while at >= 0:
            behind = _AFTER.match(self._data, at + len(b"endobj"))
            yield behind.end() if behind else at
            at = self._data.find(b"endobj", at + 1, front)


def _begin(data: bytes, place: int) -> int:
    blanks = _BLANKS.match(data, place)
    return blanks.end() if blanks else place


def _is_within_long_line(data: bytes, begin: int) -> bool:
    before = data[max(0, begin - _LINE) : begin]
    return len(before) == _LINE and b"\n" not in before and b"\r" not in before
