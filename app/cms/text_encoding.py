"""The text in which clients wrap a signature, and how it gets damaged in transit.

Nothing here alters what is stored: the text is kept as it was sent, and decoded only to be read.
"""

import re
from binascii import a2b_base64
from collections.abc import Iterator
from typing import NoReturn
from urllib.parse import unquote_to_bytes

from app.cms.errors import MalformedSignature

# Characters allowed around a value: blanks, line ends and a byte order mark; and their number.
MARGIN = " \t\r\n\ufeff"
MAX_MARGIN = 1000
_PEM_BEGIN = re.compile(r"-----BEGIN ([^-\r\n]{1,40})-----")
_PEM_LABELS = {"CMS", "PKCS7", "PKCS #7 SIGNED DATA"}
# Percent-encoded characters of a data URI, and characters of it that are decoded at a time.
MAX_ESCAPES = 200_000
_PIECE = 1_000_000
_DATA_URI = re.compile(r"data:[^,]{0,200},", re.IGNORECASE)

# Replacements in base64: percent-encoding as forms and addresses do it, then base64url and line
# ends.
_ESCAPES = {"%2B": "+", "%2F": "/", "%3D": "=", "%0A": "", "%0D": "", "%20": " "}
_ESCAPES |= {escape.lower(): character for escape, character in _ESCAPES.items()}
_SIGNS = {"-": "+", "_": "/", "\n": "", "\r": "", "\t": ""}

_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_FOREIGN = re.compile(r"[^A-Za-z0-9+/_=%\- \t\r\n]")
_FOREIGN_ESCAPE = re.compile(r"%(?!2[BbFf]|3[Dd]|0[AaDd]|20)")
_PADDING = re.compile(r"(?:(?:=|%3[Dd])(?:[ \t\r\n]|%0[AaDd]|%20){0,1000}){1,2}")


def open_armour(text: str) -> tuple[int, int]:
    """Return where in `text` the value itself, XML or base64, starts and stops.

    Skips blanks and a byte order mark, the head of a data URI, and PEM armour. Raises
    MalformedSignature if there is no value, if PEM armour is truncated or of another type, and if
    there is text outside of it.
    """
    margin = text[:MAX_MARGIN]
    start = len(margin) - len(margin.lstrip(MARGIN))
    if start == len(margin):
        raise MalformedSignature("cms: value is empty")
    if text[start] in "Dd":
        uri = _DATA_URI.match(text, start)
        if uri:
            return uri.end(), len(text)
    if text.startswith("-----", start):
        return _open_pem(text, start)
    if text[start] != "<" and "-----BEGIN " in text:
        _refuse_outside(start)
    return start, len(text)


def skip_heads(text: str) -> int:
    """Return where the value of a text starts; `text` may be just a beginning.

    Raises MalformedSignature if it begins with PEM armour that is truncated or of another type.
    """
    start = len(text) - len(text.lstrip(MARGIN))
    uri = _DATA_URI.match(text, start)
    if uri:
        return uri.end()
    return _begin_pem(text, start).end() if text.startswith("-----", start) else start


def is_plain_uri(text: str, start: int) -> bool:
    """Return whether the value at `start` follows the head of a data URI that isn't base64."""
    return text[start - 1 : start] == "," and text.startswith(("<", "%", "-----"), start)


def decode_uri(text: str, start: int, stop: int) -> bytearray:
    """Decode what follows the head of a data URI that is percent-encoded (RFC 2397), to UTF-8.

    It is read from `text`, `start` to `stop`, and not copied as a whole.

    Raises MalformedSignature, or UnicodeEncodeError if it has lone surrogates.
    """
    # Each costs Python 230 bytes until its piece is decoded.
    if text.count("%", start, stop) > MAX_ESCAPES:
        raise MalformedSignature(
            "cms: more than {limit} percent-encoded characters", limit=MAX_ESCAPES
        )
    decoded = bytearray()
    while start < stop:
        end = min(start + _PIECE, stop)
        cut = text.rfind("%", end - 2, end) if end < stop else -1
        end = end if cut < 0 else cut  # An escape that begins there continues after this piece.
        decoded += unquote_to_bytes(text[start:end])
        start = end
    return decoded


def open_data_uri(text: str) -> str:
    """Return what follows the head of a data URI; any other text unchanged."""
    uri = _DATA_URI.match(text)
    return text[uri.end() :] if uri else text


def _open_pem(text: str, start: int) -> tuple[int, int]:
    """Return where the body of PEM armour (RFC 7468) starts and stops."""
    begin = _begin_pem(text, start)
    end_line = f"-----END {begin[1]}-----"
    stop = text.find(end_line, begin.end())
    if stop < 0:
        raise MalformedSignature("cms: PEM armour is truncated")
    rest = text[stop + len(end_line) :].lstrip(MARGIN)
    if rest:
        _refuse_outside(len(text) - len(rest))
    return begin.end(), stop


def _begin_pem(text: str, start: int) -> re.Match[str]:
    begin = _PEM_BEGIN.match(text, start)
    if not begin:
        raise MalformedSignature("cms: PEM armour is truncated")
    if begin[1] not in _PEM_LABELS:
        raise MalformedSignature("cms: PEM armour holds {label}, not CMS", label=begin[1])
    return begin


def _refuse_outside(index: int) -> NoReturn:
    raise MalformedSignature(
        "cms: text stands outside the PEM armour (character {position})", position=index + 1
    )


def readings(body: str) -> Iterator[str]:
    """Return plain base64 for `body`, most likely reading first.

    There are several only if it contains blanks: each may be a plus that a form decoder turned into
    a blank, or a mere separator. Only the decoded value can show which is right.
    """
    for table in (_ESCAPES, _SIGNS) if "%" in body else (_SIGNS,):
        for sign, meaning in table.items():
            if sign in body:
                body = body.replace(sign, meaning)
    inner = body.strip(" ")
    yield inner.replace(" ", "+")
    if " " in inner:
        yield inner.replace(" ", "")
    if body[-1:] == " ":
        yield body.lstrip(" ").replace(" ", "+")


def decode(base64: str) -> bytes:
    """Decode one reading; padding may be left out, as in base64url, but it must not be wrong.

    Raises ValueError: `check_alphabet` then finds out whether a character or the length is wrong.
    """
    missing = -len(base64) % 4
    if missing and (missing == 3 or base64.endswith("=")):
        raise ValueError("base64 has a length or a padding that can't be")
    return decode_padded(base64 + "=" * missing if missing else base64)


def decode_content(text: str) -> bytes:
    """Decode base64 in any of the forms that are read, or a data URI. Raises ValueError."""
    uri = _DATA_URI.match(text)
    # Each form of a text with other letters would be a copy, of two or four bytes a character.
    if not text.isascii() and _NOT_ASCII.search(text, uri.end() if uri else 0):
        raise ValueError("base64 has a character that can't be")
    return decode(next(readings(open_data_uri(text))))


def decode_padded(base64: str) -> bytes:
    """Decode base64 without separators and with full padding. Raises ValueError."""
    # CPython's strict mode accepts padding after a complete group of four.
    if len(base64) % 4 or base64.endswith("==="):
        raise ValueError("base64 has a length or a padding that can't be")
    return a2b_base64(base64, strict_mode=True)


def check_alphabet(text: str, start: int, stop: int, edge: int = 0) -> None:
    """Refuse the first character from `start` to `stop` that no form of base64 has.

    The last `edge` characters may be part of an escape that continues after `stop`, and pass.
    Raises MalformedSignature with the place in `text`, counted from 1.
    """
    first = stop
    for pattern in (_FOREIGN, _FOREIGN_ESCAPE):
        match = pattern.search(text, start, first)
        if match:
            first = match.start()
    padding = _PADDING.search(text, start, first)
    if padding:
        first = padding.end()
    if first < stop - edge:
        raise MalformedSignature("cms: not base64 (character {position})", position=first + 1)
