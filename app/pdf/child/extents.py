"""Where each object of a file ends: before the next one begins, whichever program reads it.

Then no object is read from inside another one. What programs write by mistake is no matter here, as
long as it ends where all see it: `objects` is for what must have the one regular form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise

from app.pdf.child.chain import Revision
from app.pdf.child.sections import IN_USE
from app.pdf.child.tokens import Irregular, Reader, Reference

_BLANKS = rb"[\x00\t\n\f\r ]"
_HEAD = re.compile(rb"%b*+([0-9]{1,10})%b++([0-9]{1,5})%b++obj" % ((_BLANKS,) * 3))
#: What has no text, comment or end of an object in it.
_PLAIN = re.compile(rb"(?>[^()<>%es]++|<<|>>|e(?!ndobj)|s(?!tream)|(?<=[A-Za-z0-9/_.+-])s)*+")
#: A text, as nearly all are, with parentheses in it at most once deep; one of digits; a comment.
_HELD = re.compile(
    rb"\((?>[^()\\]++|\\.|\((?>[^()\\]++|\\.)*+\))*+\)"
    rb"|<[0-9A-Fa-f\x00\t\n\f\r ]*+>"
    rb"|%[^\r\n]*+[\r\n]",
    re.DOTALL,
)
_IN_TEXT = re.compile(rb"(?>[^()\\]++|\\.)*+([()])", re.DOTALL)
_STREAM = re.compile(rb"(?<=[>\x00\t\n\f\r ])stream(?:\r\n|\n|\r)")
_END_OF_STREAM = re.compile(rb"%b*+endstream" % _BLANKS)
_LENGTH = re.compile(
    rb"/Length(?![A-Za-z0-9_.+-])%b*+([^\x00\t\n\f\r /()<>\[\]%%]*+)"
    rb"(?:%b++([0-9]{1,5})%b++R(?![^\x00\t\n\f\r /()<>\[\]%%]))?+" % ((_BLANKS,) * 3)
)
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_DIGITS = re.compile(rb"[0-9]{1,10}")
_UNSTRUCTURED = bytes(sorted(set(range(256)) - set(b"<>[]")))
#: Bytes of a value, without its texts and its stream, of which several copies are held.
_MOST = 16 * 1024 * 1024
#: Bytes of brackets that are looked at for the price of a token.
_BRACKETS = 64

LengthOf = Callable[[Reference], object]
"""Returns what a reference to a length leads to."""


class Extents:
    """The objects and sections of a file, in the order of their offsets."""

    def __init__(self, data: bytes, reader: Reader, length: LengthOf) -> None:
        self._data, self._reader, self._length = data, reader, length

    def first_unclear(self, revisions: Iterable[Revision]) -> int | None:
        """Return the offset of the first object that may reach into the next one; None without one.

        Raises Refused.
        """
        objects, tables = list_places(revisions)
        for at, following in pairwise(sorted({*objects, *tables, len(self._data)})):
            try:
                if at in tables:
                    is_apart = at not in objects and tables[at] <= following
                else:
                    is_apart = self._is_apart(at, following, objects.get(at, set()))
            except Irregular:
                is_apart = False
            if not is_apart:
                return at
        return None

    def _is_apart(self, at: int, end: int, references: set[Reference]) -> bool:
        """Return whether the one object that begins at an offset ends before another.

        Raises Irregular, Refused.
        """
        head = _HEAD.match(self._data, at, end)
        if head is None or references != {Reference(int(head[1]), int(head[2]))}:
            return False
        terms, stop = self._plain(head.end(), end) or self._value(head.end(), end)
        stream = _STREAM.match(self._data, stop, end)
        if stream is None:
            return not self._data.startswith(b"stream", stop)
        return self._is_stream_apart(terms, stream.end(), end)

    def _plain(self, at: int, end: int) -> tuple[bytes, int] | None:
        """Return a value without texts and comments, and its end; None if it is not so plain."""
        data = self._data
        stop = data.find(b"endobj", at, end)
        stop = end if stop < 0 else stop
        stream = data.find(b"stream", at, stop)
        if stream >= 0:
            if not _STREAM.match(data, stream, end):
                return None
            stop = stream
        if stop - at > _MOST:
            return None
        value = data[at:stop]
        if b"(" in value or b")" in value or b"%" in value or not value.strip():
            return None
        for one in (b"<", b">"):
            if value.count(one) != 2 * value.count(one + one):
                return None
        self._check_brackets(value)
        return value, stop

    def _value(self, at: int, end: int) -> tuple[bytes, int]:
        """Return a value without its texts and comments, and where the word after it stands.

        Raises Irregular, Refused.
        """
        data, pieces, left = self._data, [], _MOST
        while plain := _PLAIN.match(data, at, end):
            self._reader.spend(1)
            left -= plain.end() - at
            if left < 0:
                break
            pieces.append(plain[0])
            at = plain.end()
            if at < end and data[at] in b"es":
                value = b" ".join(pieces)
                self._check_brackets(value)
                return value, at
            if match := _HELD.match(data, at, end):
                at = match.end()
            elif data.startswith(b"(", at):
                at = self._end_of_text(at, end)
            else:
                break
        # Without a word at its end, a comment or an object of nothing would reach on.
        raise Irregular

    def _end_of_text(self, at: int, end: int) -> int:
        """Return where a text with nested parentheses ends. Raises Irregular, Refused."""
        depth = 0
        while parenthesis := _IN_TEXT.match(self._data, at, end):
            self._reader.spend(1)
            depth += 1 if parenthesis[1] == b"(" else -1
            at = parenthesis.end()
            if depth == 0:
                return at
        raise Irregular

    def _check_brackets(self, value: bytes) -> None:
        """Check that arrays and dictionaries are closed. Raises Irregular, Refused."""
        left = value.translate(None, _UNSTRUCTURED)
        while left:
            self._reader.spend(len(left) // _BRACKETS)
            before = len(left)
            left = left.replace(b"[]", b"").replace(b"<<>>", b"")
            if len(left) == before:
                raise Irregular

    def _is_stream_apart(self, terms: bytes, begin: int, end: int) -> bool:
        """Return whether a stream ends, by each length that its dictionary may be read to have."""
        if b"#" in terms:
            terms = _ESCAPE.sub(lambda one: bytes([int(one[1], 16)]), terms)
        lengths = [self._read_length(*one) for one in _LENGTH.findall(terms)]
        return bool(lengths) and all(
            size is not None and _END_OF_STREAM.match(self._data, begin + size, end)
            for size in lengths
        )

    def _read_length(self, number: bytes, generation: bytes) -> int | None:
        if not _DIGITS.fullmatch(number):
            return None
        if not generation:
            return int(number)
        found = self._length(Reference(int(number), int(generation)))
        return found if isinstance(found, int) and found >= 0 else None


def list_places(
    revisions: Iterable[Revision],
) -> tuple[Mapping[int, set[Reference]], Mapping[int, int]]:
    """Return which objects begin where, and where tables begin and end."""
    objects: dict[int, set[Reference]] = {}
    tables: dict[int, int] = {}
    for section in (one for revision in revisions for one in revision.sections):
        for number, entry in section.entries.items():
            if entry.kind == IN_USE:
                objects.setdefault(entry.place, set()).add(Reference(number, entry.generation))
        if section.own is None:
            tables[section.start] = max(section.end, tables.get(section.start, 0))
        else:
            objects.setdefault(section.start, set()).add(section.own)
    return objects, tables
