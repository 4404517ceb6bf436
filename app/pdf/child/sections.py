"""The sections of a cross-reference table (ISO 32000-1 sections 7.5.4 and 7.5.8)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from app.pdf.child.objects import Body, read_object
from app.pdf.child.tokens import BLANKS, Irregular, Reader, Reference, Value, integer

FREE, IN_USE, PACKED = 0, 1, 2
_KINDS = {ord("f"): FREE, ord("n"): IN_USE}
#: The largest number of an object (ISO 32000-1 annex C), and the largest generation.
MAX_NUMBER = 8_388_607
MAX_GENERATION = 65_535
_BEGIN = re.compile(rb"xref[ \t]*(?:\r\n|\r|\n)[ \t\r\n\f]*")
_HEAD = re.compile(rb"([0-9]{1,10}) +([0-9]{1,10}) *(?:\r\n|\r|\n)")
_ENTRIES = re.compile(rb"(?:[0-9]{10} [0-9]{5} [nf](?: \n| \r|\r\n))*")
_ENTRY = 20
_TRAILER = re.compile(rb"[ \t\r\n\f]*trailer")


class Entry(NamedTuple):
    """Where an object is: its offset and generation, or the object stream and its place there."""

    kind: int
    place: int
    generation: int


class Section(NamedTuple):
    """A section: `named` is the offset by which it is found, `start` where it begins.

    `own` is the cross-reference stream, None for a table. `end` is after it or its trailer.
    `size` is the number of entries of the whole table, `previous` the offset of the section before.
    """

    named: int
    start: int
    end: int
    entries: dict[int, Entry]
    trailer: dict[bytes, Value]
    own: Reference | None
    size: int
    previous: int | None


def read_section(data: bytes, named: int, reader: Reader) -> Section:
    """Read the section at an offset. Raises Irregular, Refused."""
    blanks = BLANKS.match(data, named)
    start = blanks.end() if blanks else named
    own = None
    if data.startswith(b"xref", start):
        entries, trailer, end = _read_table(data, start, reader)
    else:
        body = read_object(data, start, reader)
        entries = _collect(_stream_entries(body, reader))
        trailer, end, own = body.dictionary, body.end, body.reference
    size = integer(trailer.get(b"/Size"))
    previous = integer(trailer[b"/Prev"]) if b"/Prev" in trailer else None
    if not 0 < size <= MAX_NUMBER + 1:
        raise Irregular
    return Section(named, start, end, entries, trailer, own, size, previous)


def _read_table(
    data: bytes, start: int, reader: Reader
) -> tuple[dict[int, Entry], dict[bytes, Value], int]:
    """Return a table's entries, its trailer, and where that ends. Raises Irregular, Refused."""
    begin = _BEGIN.match(data, start)
    if begin is None:
        raise Irregular
    listed: list[tuple[int, Entry]] = []
    at = begin.end()
    while head := _HEAD.match(data, at):
        first, count = int(head[1]), int(head[2])
        reader.spend(count)
        at = head.end() + count * _ENTRY
        listed += _table_entries(data[head.end() : at], first, count)
    trailer = _TRAILER.match(data, at)
    if trailer is None:
        raise Irregular
    value, end = reader.read(data, trailer.end())
    if not isinstance(value, dict):
        raise Irregular
    return _collect(listed), value, end


def _table_entries(written: bytes, first: int, count: int) -> list[tuple[int, Entry]]:
    if len(written) != count * _ENTRY or not _ENTRIES.fullmatch(written):
        raise Irregular
    found = []
    for number in range(count):
        at = number * _ENTRY
        kind = _KINDS[written[at + 17]]
        entry = Entry(kind, int(written[at : at + 10]), int(written[at + 11 : at + 16]))
        found.append((first + number, entry))
    return found


def _stream_entries(body: Body, reader: Reader) -> Iterator[tuple[int, Entry]]:
    """Return the entries of a cross-reference stream. Raises Irregular, Refused."""
    terms = body.dictionary
    widths = [integer(one) for one in _array(terms.get(b"/W"))]
    if terms.get(b"/Type") != b"/XRef" or len(widths) != 3 or max(widths) > 8 or not widths[1]:
        raise Irregular
    ranges = [
        integer(one) for one in _array(terms.get(b"/Index", [b"0", terms.get(b"/Size", b"")]))
    ]
    width, count = sum(widths), sum(ranges[1::2])
    if len(ranges) % 2:
        raise Irregular
    reader.spend(count)
    # A predictor has a byte more in each row.
    data = body.unpacked((width + 1) * count, columns=width)
    if len(data) != width * count:
        raise Irregular
    at = 0
    for first, many in zip(ranges[::2], ranges[1::2], strict=True):
        for number in range(first, first + many):
            yield number, _entry(data[at : at + width], widths)
            at += width


def _entry(row: bytes, widths: list[int]) -> Entry:
    kind, place, _ = widths
    first = int.from_bytes(row[:kind]) if kind else IN_USE
    middle = int.from_bytes(row[kind : kind + place])
    return Entry(first, middle, int.from_bytes(row[kind + place :]))


def _array(value: Value | None) -> list[Value]:
    if not isinstance(value, list):
        raise Irregular
    return value


def _collect(listed: Iterable[tuple[int, Entry]]) -> dict[int, Entry]:
    """Return entries by their numbers, each of which stands once. Raises Irregular."""
    found: dict[int, Entry] = {}
    for number, entry in listed:
        if number in found or number > MAX_NUMBER or not _is_regular(number, entry):
            raise Irregular
        found[number] = entry
    return found


def _is_regular(number: int, entry: Entry) -> bool:
    if entry.kind == FREE:
        return entry.generation <= MAX_GENERATION
    if entry.kind == IN_USE:
        return number > 0 and entry.place > 0 and entry.generation < MAX_GENERATION
    return entry.kind == PACKED and number > 0 and entry.place > 0
