"""The revisions of a file, from the last one back: each has a section of the table and an end."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.pdf.child.opening import Refused
from app.pdf.child.sections import FREE, Section, read_section
from app.pdf.child.tokens import Irregular, Reader, integer
from app.pdf.limits import Limits

_LAST = re.compile(rb"startxref[ \t\r\n\f]+([0-9]{1,12})[ \t\r\n\f]+%%EOF[ \t\r\n\f]*\Z")
#: What may follow a section: comments that programs leave of themselves, and the end.
_TAIL = re.compile(
    rb"[ \t\r\n\f]*(?:%(?!%)[ -~]{0,200}\r?\n[ \t\r\n\f]*){0,4}"
    rb"startxref[ \t\r\n\f]+([0-9]{1,12})[ \t\r\n\f]+%%EOF"
)
_REACH = 1024


@dataclass(frozen=True)
class Revision:
    """A section, and where the revision ends that it is of; None if no end follows the section.

    `beside` is the stream beside a table (section 7.5.8.4), whose entries the table hides.
    """

    section: Section
    end: int | None
    beside: Section | None = None

    @property
    def sections(self) -> tuple[Section, ...]:
        """The section, and the one beside it, in the order in which objects are looked up."""
        return (self.section,) if self.beside is None else (self.section, self.beside)


@dataclass(frozen=True)
class Chain:
    """The revisions, the newest first, down to the first one.

    `broken` is the offset of a section that is not regular, at which they end; None without one.
    """

    revisions: tuple[Revision, ...]
    broken: int | None


def last_section(data: bytes, end: int) -> int | None:
    """Return the offset of the last section of a file that ends here; None without one."""
    match = _LAST.search(data[max(0, end - _REACH) : end])
    return int(match[1]) if match else None


def follow(data: bytes, reader: Reader, limits: Limits) -> Chain:
    """Read the sections of a file. Raises Refused."""
    found: dict[int, Revision] = {}
    named = last_section(data, len(data))
    try:
        while named is not None:
            if named in found:
                return Chain(tuple(found.values()), named)
            if len(found) == limits.fields:
                raise Refused("complex")
            section = read_section(data, named, reader)
            beside = None
            if b"/XRefStm" in section.trailer:
                beside = _read_beside(data, section, reader)
            found[named] = Revision(section, _end_of(data, section), beside)
            named = section.previous
    except Irregular:
        return Chain(tuple(found.values()), named)
    return Chain(tuple(found.values()), None if found else 0)


def _end_of(data: bytes, section: Section) -> int | None:
    match = _TAIL.match(data, section.end)
    return match.end() if match and int(match[1]) == section.named else None


def _read_beside(data: bytes, section: Section, reader: Reader) -> Section:
    """Return the stream beside a table (section 7.5.8.4), which adds what the table hides, no more.

    Raises Irregular, Refused.
    """
    beside = read_section(data, integer(section.trailer[b"/XRefStm"]), reader)
    for number, entry in beside.entries.items():
        other = section.entries.get(number)
        if other is not None and other.kind != FREE and other != entry:
            raise Irregular
    return beside
