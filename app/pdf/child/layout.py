"""Whether a revision is written so that all programs read it alike (ISO 32000-1 section 7.5).

It has the objects that its section lists, each once, one after the other, and nothing else: then a
program that looks for objects by itself, since it takes the table for damaged, finds no others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from app.pdf.child.chain import Revision
from app.pdf.child.objects import Body, read_object, read_packed
from app.pdf.child.sections import FREE, IN_USE, PACKED, Entry, Section
from app.pdf.child.strays import find_objects
from app.pdf.child.tokens import Irregular, Reader, Reference

_HEADER = re.compile(rb"%PDF-[12]\.[0-9] *(?:\r\n|\r|\n)(?:%(?!%)[^\r\n]{0,100}(?:\r\n|\r|\n))?")
_BLANK = re.compile(rb"[ \t\r\n\f]*")
_NUMBER = re.compile(rb"([0-9]{1,10}) ([0-9]{1,5}) obj[ \t\r\n\f]+([0-9]{1,10})[ \t\r\n\f]+endobj")
#: Numbers that an update may leave out.
_SPARE = 100
#: What the next revision has as the one before, if that has it.
_LASTING = (b"/Root", b"/Encrypt")


class Former(NamedTuple):
    """What a revision changes: the section before, and the entries that its objects had so far."""

    section: Section | None
    entries: Mapping[int, Entry]


def list_former(revisions: Sequence[Revision]) -> list[Former]:
    """Return what each revision changes; the newest comes first, in both lists."""
    known: dict[int, Entry] = {}
    before: Section | None = None
    found = []
    for section in (one.section for one in reversed(revisions)):
        numbers = _numbers(section)
        had = {number: known[number] for number in numbers if number in known}
        found.append(Former(before, had))
        known.update(section.entries)
        before = section
    return found[::-1]


def check_layout(
    data: bytes, begin: int, revision: Revision, former: Former, reader: Reader
) -> None:
    """Check the bytes of a revision. Raises Irregular, Refused.

    `begin` is where the one before ends, 0 for the first.
    """
    section, end = revision.section, revision.end
    if end is None or not begin <= section.start == section.named < end:
        raise Irregular
    at = _header(data) if begin == 0 else begin
    at = _check_objects(data, at, section, reader)
    _skip(data, at, section.start)
    _check_trailer(section, former.section)
    if former.section is not None:
        _check_update(data[begin:end], section)
        _check_generations(section, former.entries)


def _header(data: bytes) -> int:
    match = _HEADER.match(data)
    if match is None:
        raise Irregular
    return match.end()


def _skip(data: bytes, at: int, end: int) -> None:
    """Check that there are blanks alone up to a place. Raises Irregular."""
    if at > end or not _BLANK.fullmatch(data, at, end):
        raise Irregular


def _check_objects(data: bytes, at: int, section: Section, reader: Reader) -> int:
    """Check the objects of a section, and return where they end. Raises Irregular, Refused."""
    places = sorted(
        (entry.place, number)
        for number, entry in section.entries.items()
        if entry.kind == IN_USE and entry.place != section.start
    )
    packed: dict[tuple[int, int], int] = {}
    for place, number in places:
        _skip(data, at, place)
        body = read_object(data, place, reader, lambda one: _length(data, one, section))
        if body.reference != (number, section.entries[number].generation):
            raise Irregular
        at = body.end
        if _is_packing(body):
            for index, one in enumerate(read_packed(body, reader)):
                packed[number, index] = one
    _check_own(section)
    _check_packed(packed, section)
    return at


def _is_packing(body: Body) -> bool:
    return isinstance(body.value, dict) and body.value.get(b"/Type") == b"/ObjStm"


def _check_packed(packed: dict[tuple[int, int], int], section: Section) -> None:
    """Check that what is in object streams is what the section lists. Raises Irregular."""
    held = {number: one for number, one in section.entries.items() if one.kind == PACKED}
    listed = {(entry.place, entry.generation): number for number, entry in held.items()}
    if listed != packed or len(listed) != len(held):
        raise Irregular


def _check_own(section: Section) -> None:
    """Check the entry of a cross-reference stream itself; it may have none. Raises Irregular."""
    listed = {n for n, one in section.entries.items() if one == (IN_USE, section.start, 0)}
    own = _own(section)
    is_missing = not listed and not own & set(section.entries)
    if not (listed == own or is_missing) or (section.own and section.own.generation):
        raise Irregular


def _length(data: bytes, reference: Reference, section: Section) -> int:
    """Return the length of a stream that the same revision has as a number. Raises Irregular."""
    entry = section.entries.get(reference.number)
    if entry is None or entry.kind != IN_USE or entry.generation != reference.generation:
        raise Irregular
    number = _NUMBER.match(data, entry.place)
    if number is None or Reference(int(number[1]), int(number[2])) != reference:
        raise Irregular
    return int(number[3])


def _own(section: Section) -> set[int]:
    """Return the number of a cross-reference stream, none of a table."""
    return {section.own.number} if section.own else set()


def _numbers(section: Section) -> set[int]:
    return _own(section) | {
        number for number, entry in section.entries.items() if entry.kind != FREE
    }


def _check_trailer(section: Section, before: Section | None) -> None:
    """Check the size of the table, and what lasts. Raises Irregular."""
    least = max(_numbers(section), default=0) + 1
    if b"/XRefStm" in section.trailer or section.size < least:
        raise Irregular
    if before is None:
        return
    if section.size > max(before.size, least):
        raise Irregular
    if least > before.size + 2 * len(section.entries) + _SPARE:
        raise Irregular
    if any(before.trailer.get(key) != section.trailer.get(key) for key in _LASTING):
        raise Irregular
    _check_identity(section, before)


def _check_identity(section: Section, before: Section) -> None:
    """Check that the information and the identifier are as before, or new. Raises Irregular."""
    information = before.trailer.get(b"/Info"), section.trailer.get(b"/Info")
    if information[0] is not None and information[1] not in (None, information[0]):
        raise Irregular
    old, new = (one.trailer.get(b"/ID") for one in (before, section))
    if isinstance(old, list) and isinstance(new, list) and old[:1] != new[:1]:
        raise Irregular


def _check_update(written: bytes, section: Section) -> None:
    """Check that nothing in an update looks like an object or a trailer. Raises Irregular."""
    objects = {number for number, one in section.entries.items() if one.kind == IN_USE}
    is_table = section.own is None
    if sum(1 for _ in find_objects(written)) != len(objects | _own(section)):
        raise Irregular
    if written.count(b"trailer") != is_table or written.count(b"startxref") != 1:
        raise Irregular


def _check_generations(section: Section, former: Mapping[int, Entry]) -> None:
    """Check that each object has generation 0, or the one that it had. Raises Irregular."""
    for number in _numbers(section):
        before = former.get(number)
        own = section.entries.get(number)
        if before is None or before.kind == FREE:
            is_as_before = own is None or _generation(own) == 0
        else:
            is_as_before = own is not None and _generation(own) == _generation(before)
        if not is_as_before:
            raise Irregular


def _generation(entry: Entry) -> int:
    """Return the generation of an object, which is 0 in an object stream."""
    return 0 if entry.kind == PACKED else entry.generation
