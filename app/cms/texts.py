"""Decoding of bytes to text, limited so that memory does not run out.

Python stores a text at one byte for each character up to U+00FF, at two up to U+FFFF, and at four
from there on: one such character makes the whole text four times as large, and each copy of it,
too. So every decoding of a client's bytes goes through here.
"""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from collections.abc import Iterator
from typing import NoReturn

from app.cms.errors import MalformedSignature

#: Bytes of a text that may have characters beyond U+FFFF.
MAX_WIDE = 8_000_000
#: Bytes of a text with letters in a single-byte encoding, each of which takes two bytes in memory,
#: and two more in UTF-8.
MAX_SINGLE = 12_000_000

#: Characters, or bytes, of a piece: what is read piece by piece is never in memory twice.
PIECE = 1_000_000

_WIDE = re.compile(rb"[\xf0-\xf4]")
#: The upper bytes of a surrogate, two of which stand for one such character in UTF-16.
_SURROGATE = re.compile(rb"[\xd8-\xdf]")


def decode(data: bytes | bytearray, encoding: str = "utf-8", errors: str = "strict") -> str:
    """Decode a client's bytes.

    Raises:
        MalformedSignature: it would take too much memory.
        UnicodeDecodeError: it isn't in this encoding.
    """
    if len(data) > MAX_WIDE:
        _check_width(data, encoding)
    return data.decode(encoding, errors)


def decode_pieces(
    data: bytes | bytearray, encoding: str = "utf-8", start: int = 0
) -> Iterator[str]:
    """Decode a client's bytes from `start` on, without having the whole text in memory.

    Raises:
        MalformedSignature: as a whole it would take too much memory.
        UnicodeDecodeError: it isn't in this encoding.
    """
    if len(data) > MAX_WIDE:
        _check_width(data, encoding)
    decoder = getincrementaldecoder(encoding)()
    for place in range(start, len(data), PIECE):
        yield decoder.decode(data[place : place + PIECE])
    yield decoder.decode(b"", final=True)


def cut(text: str, start: int = 0, stop: int | None = None) -> Iterator[str]:
    """Return a text, from `start` to `stop`, in pieces."""
    end = len(text) if stop is None else stop
    for place in range(start, end, PIECE):
        yield text[place : min(place + PIECE, end)]


def is_too_wide(data: bytes | bytearray) -> bool:
    """Return whether a UTF-8 text that has a character beyond U+FFFF is too large for it."""
    return len(data) > MAX_WIDE and _WIDE.search(data) is not None


def _check_width(data: bytes | bytearray, encoding: str) -> None:
    """Refuse data that would take much more memory as text. Raises MalformedSignature."""
    if encoding.startswith("utf-16"):
        # The byte order is known before the text, if not from the encoding's name.
        is_big = encoding == "utf-16-be" or data.startswith(b"\xfe\xff")
        wide = len(data) > 2 * MAX_WIDE and _SURROGATE.search(data[0 if is_big else 1 :: 2])
    elif encoding in ("utf-8", "utf-8-sig"):
        wide = _WIDE.search(data)
    elif len(data) > MAX_SINGLE and not data.isascii():
        raise MalformedSignature("cms: XML is too large or too deep")
    else:
        return
    if wide:
        refuse_width()


def refuse_width() -> NoReturn:
    """Refuse a text that is too large for one with wide characters. Raises MalformedSignature."""
    raise MalformedSignature(
        "cms: text of more than {limit} bytes has a character beyond U+FFFF", limit=MAX_WIDE
    )
