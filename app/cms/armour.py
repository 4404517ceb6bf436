"""The text in which clients wrap a signature, and the ways in which it gets bent underway.

Nothing here alters what is stored: the text is kept as it was sent, and opened only to be read.
"""

import re
from binascii import a2b_base64
from collections.abc import Iterator
from typing import NoReturn

from app.cms.errors import MalformedSignature

# What may stand around a value: blanks, line ends and a byte order mark.
_MARGIN = " \t\r\n\ufeff"
_PEM_BEGIN = re.compile(r"-----BEGIN ([^-\r\n]{1,40})-----")
_PEM_LABELS = {"CMS", "PKCS7", "PKCS #7 SIGNED DATA"}
_DATA_URI = re.compile(r"data:[^,]{0,200},", re.IGNORECASE)

# Percent-encoding, as it happens to base64 in a form or an address.
_ESCAPE = re.compile(r"%(2[BF]|3D|0[AD]|20)", re.IGNORECASE)
_ESCAPED = {"2B": "+", "2F": "/", "3D": "=", "0A": "\n", "0D": "\r", "20": " "}
_FOREIGN = re.compile(r"[^A-Za-z0-9+/_=%\- \t\r\n]")
_FOREIGN_ESCAPE = re.compile(r"%(?!2[BF]|3D|0[AD]|20)", re.IGNORECASE)
_PADDING = re.compile(r"(?:=|%3D)[= \t\r\n]*+(?:%(?:3D|0[AD]|20)[= \t\r\n]*+)*+", re.IGNORECASE)


def open_armour(text: str) -> tuple[int, int]:
    """Give where in `text` the value itself, XML or base64, starts and stops.

    Takes away blanks and a byte order mark before it, the head of a data URI, and PEM armour.
    Raises MalformedSignature if there is no value, if PEM armour is cut or is that of something
    else, and if anything stands outside of it.
    """
    start = len(text) - len(text.lstrip(_MARGIN))
    if start == len(text):
        raise MalformedSignature("cms: value is empty")
    if text[start] == "<":
        return start, len(text)
    if text[start] in "Dd":
        uri = _DATA_URI.match(text, start)
        if uri:
            return uri.end(), len(text)
    if "-----" in text:
        begin = _PEM_BEGIN.search(text, start)
        if begin or text.startswith("-----", start):
            return _open_pem(text, start, begin)
    return start, len(text)


def _open_pem(text: str, start: int, begin: re.Match[str] | None) -> tuple[int, int]:
    """Give where the body of PEM armour (RFC 7468) starts and stops."""
    if not begin:
        raise MalformedSignature("cms: PEM armour is truncated")
    if begin.start() != start:
        _refuse_outside(start)
    label = begin[1]
    if label not in _PEM_LABELS:
        raise MalformedSignature("cms: PEM armour holds {label}, not CMS", label=label)
    end_line = f"-----END {label}-----"
    stop = text.find(end_line, begin.end())
    if stop < 0:
        raise MalformedSignature("cms: PEM armour is truncated")
    rest = text[stop + len(end_line) :].lstrip(_MARGIN)
    if rest:
        _refuse_outside(len(text) - len(rest))
    return begin.end(), stop


def _refuse_outside(index: int) -> NoReturn:
    raise MalformedSignature(
        "cms: text stands outside the PEM armour (character {position})", position=index + 1
    )


def readings(body: str) -> Iterator[str]:
    """Give plain base64 for `body`, most likely reading first.

    There are several only where blanks stand in it: each may be a plus that a form decoder turned
    into a blank, or a mere separator. Which one is right, only what it decodes to can tell.
    """
    if "%" in body:
        body = _ESCAPE.sub(lambda match: _ESCAPED[match[1].upper()], body)
    for sign, standard in (("-", "+"), ("_", "/"), ("\n", ""), ("\r", ""), ("\t", "")):
        if sign in body:
            body = body.replace(sign, standard)
    inner = body.strip(" ")
    yield inner.replace(" ", "+")
    if " " in inner:
        yield inner.replace(" ", "")
    if body[-1:] == " ":
        yield body.lstrip(" ").replace(" ", "+")


def decode(base64: str) -> bytes:
    """Decode one reading; padding may be left out, as in base64url, but it must not be wrong.

    Raises ValueError: `check_alphabet` then knows whether a character or the length is to blame.
    """
    missing = -len(base64) % 4
    if missing:
        if missing == 3 or base64.endswith("="):
            raise ValueError("length of truncated base64")
        base64 += "=" * missing
    return a2b_base64(base64, strict_mode=True)


def check_alphabet(text: str, start: int, stop: int) -> None:
    """Refuse the first character from `start` to `stop` that base64, however sent, can't have.

    Raises MalformedSignature with its place in `text`, counted from 1.
    """
    first = stop
    for pattern in (_FOREIGN, _FOREIGN_ESCAPE):
        match = pattern.search(text, start, first)
        if match:
            first = match.start()
    padding = _PADDING.search(text, start, first)
    if padding:
        first = padding.end()
    if first < stop:
        raise MalformedSignature("cms: not base64 (character {position})", position=first + 1)
