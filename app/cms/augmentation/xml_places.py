"""Places in an XML document, by its bytes, and insertions that leave all other bytes as they stand.

libxml2 does not say where an element is; expat does. Both number the elements alike. The document
has no document type declaration, which is refused when it is parsed: so expat expands nothing.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from xml.parsers import expat

from app.cms.augmentation.errors import NOT_KNOWN, CannotAugment

# A start tag, or an empty element; "<" stands in no attribute, but ">" may. Nothing is taken back:
# each step that could be is kept, some 100 bytes for each of a tag that may have millions.
_TAG = re.compile(rb"<([^\s/>]++)(?:[^\"'>]++|\"[^\"]*+\"|'[^']*+')*+>")
_EMPTY = b"/>"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an element is: its name as it is written, and offsets.

    `named` is the end of the name in the start tag, `opened` that of the tag; `closed` is where the
    end tag begins. If `is_empty`, there is no end tag.
    """

    name: bytes
    named: int
    opened: int
    closed: int
    is_empty: bool


@dataclass(frozen=True, slots=True)
class Edit:
    """What stands from `start` to `stop` becomes `text`; an insertion if both are the same."""

    start: int
    stop: int
    text: bytes


def apply(xml: bytes, edits: Iterable[Edit]) -> bytes:
    """Return a copy with edits, which don't overlap; those at one offset stay in their order."""
    pieces: list[bytes] = []
    end = 0
    for edit in sorted(edits, key=lambda one: (one.start, one.stop)):
        pieces += [xml[end : edit.start], edit.text]
        end = edit.stop
    return b"".join([*pieces, xml[end:]])


def edits_within(place: Place, first: bytes, last: bytes) -> list[Edit]:
    """Return the edits that insert text before the contents of an element, and after them."""
    if place.is_empty:
        begin = place.opened - len(_EMPTY)
        return [Edit(begin, place.opened, b">%s%s</%s>" % (first, last, place.name))]
    return [Edit(place.opened, place.opened, first), Edit(place.closed, place.closed, last)]


def find_places(xml: bytes, numbers: Collection[int]) -> dict[int, Place]:
    """Find elements by their numbers in the order of the document, from 0.

    Raises CannotAugment if expat does not read the document as libxml2 does.
    """
    finder = _Finder(numbers)
    try:
        finder.parser.Parse(xml, True)
    except expat.ExpatError as error:
        raise CannotAugment(NOT_KNOWN.template) from error
    return {
        number: _place(xml, start, finder.ends[number]) for number, start in finder.starts.items()
    }


def _place(xml: bytes, start: int, closed: int) -> Place:
    tag = _TAG.match(xml, start)
    if tag is None:
        raise CannotAugment(NOT_KNOWN.template)
    return Place(tag[1], tag.end(1), tag.end(), closed, tag[0].endswith(_EMPTY))


class _Finder:
    """Notes where some elements start, and where their end tags do."""

    def __init__(self, numbers: Collection[int]) -> None:
        self.starts: dict[int, int] = {}
        self.ends: dict[int, int] = {}
        self._numbers = frozenset(numbers)
        self._open: list[int] = []
        self._count = 0
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def _start(self, _name: str, _attributes: dict[str, str]) -> None:
        if self._count in self._numbers:
            self.starts[self._count] = self.parser.CurrentByteIndex
        self._open.append(self._count)
        self._count += 1

    def _end(self, _name: str) -> None:
        number = self._open.pop()
        if number in self._numbers:
            self.ends[number] = self.parser.CurrentByteIndex
