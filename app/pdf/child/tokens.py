"""Values as they are written in a PDF (ISO 32000-1 section 7.3), if they can be read in one way.

qpdf reads what programs write by mistake, too, and each viewer reads that in its own way. Here it
is refused: comments, keys that stand twice, and words that are none.
"""

from __future__ import annotations

import re
from typing import NamedTuple, TypeAlias

from app.pdf.child.opening import Refused


class Irregular(Exception):
    """Something is not written as it must be, so that programs may read it in different ways."""


class Reference(NamedTuple):
    """A reference to an object."""

    number: int
    generation: int


Value: TypeAlias = "bytes | Reference | list[Value] | dict[bytes, Value]"
"""A number, a name, a text or a word as it is written; an array; or a dictionary."""

#: What separates two tokens. NUL is one, too, but not for all programs.
BLANKS = re.compile(rb"[ \t\r\n\f]*")
_TOKEN = re.compile(
    rb"[ \t\r\n\f]*(?:(<<|\[)|(>>|\])|(\()"
    rb"|(/[^\x00\t\n\f\r ()<>\[\]{}/%]*|<[0-9A-Fa-f \t\r\n\f]*>"
    rb"|(?:[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)|true|false|null|R)(?=[\t\n\f\r ()<>\[\]/]|\Z)))"
)
_IN_TEXT = re.compile(rb"[()]|\\.", re.DOTALL)
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_DIGITS = re.compile(rb"[0-9]{1,10}")
_MAX_DEPTH = 64


class Reader:
    """Reads values in bytes, up to a number of tokens in all, for all that has the same reader."""

    def __init__(self, tokens: int, inflated: int) -> None:
        self._left = tokens
        #: Bytes that may still be unpacked.
        self.inflated = inflated
        #: All that was read.
        self.references: set[Reference] = set()

    def read(self, data: bytes, at: int) -> tuple[Value, int]:
        """Return the value at a place, and where it ends. Raises Irregular, Refused."""
        stack: list[tuple[bytes, list[Value]]] = [(b"", [])]
        while True:
            kind, token, at = self._next(data, at)
            top = stack[-1][1]
            if kind == 1:
                stack.append((token, []))
            elif kind == 2:
                opening, items = stack.pop()
                if not stack or (opening == b"[") != (token == b"]"):
                    raise Irregular
                stack[-1][1].append(items if token == b"]" else _pair(items))
            elif token == b"R":
                top[-2:] = [reference := _reference(top[-2:])]
                self.references.add(reference)
            else:
                top.append(token)
            if len(stack) == 1:
                return stack[0][1][0], at
            if len(stack) > _MAX_DEPTH:
                raise Refused("complex")

    def spend(self, tokens: int) -> None:
        """Count what is read elsewhere. Raises Refused."""
        self._left -= tokens
        if self._left < 0:
            raise Refused("complex")

    def _next(self, data: bytes, at: int) -> tuple[int, bytes, int]:
        self.spend(1)
        match = _TOKEN.match(data, at)
        if match is None or match.lastindex is None:
            raise Irregular
        if match.lastindex != 3:
            return match.lastindex, match[match.lastindex], match.end()
        end = _end_of_text(data, match.end())
        return 3, data[match.start(3) : end], end


def _end_of_text(data: bytes, at: int) -> int:
    """Return where a text in parentheses ends. Raises Irregular."""
    depth = 1
    while depth:
        match = _IN_TEXT.search(data, at)
        if match is None:
            raise Irregular
        depth += {b"(": 1, b")": -1}.get(match[0], 0)
        at = match.end()
    return at


def _pair(items: list[Value]) -> dict[bytes, Value]:
    """Return keys and values as a dictionary. Raises Irregular."""
    found: dict[bytes, Value] = {}
    if len(items) % 2:
        raise Irregular
    for key, value in zip(items[::2], items[1::2], strict=True):
        if not isinstance(key, bytes) or not key.startswith(b"/"):
            raise Irregular
        written = _ESCAPE.sub(lambda one: bytes([int(one[1], 16)]), key)
        if written in found:
            raise Irregular
        found[written] = value
    return found


def _reference(items: list[Value]) -> Reference:
    if len(items) != 2:
        raise Irregular
    return Reference(integer(items[0]), integer(items[1]))


def integer(value: Value | None) -> int:
    """Return a number that is written as digits alone. Raises Irregular."""
    if not isinstance(value, bytes) or not _DIGITS.fullmatch(value):
        raise Irregular
    return int(value)
