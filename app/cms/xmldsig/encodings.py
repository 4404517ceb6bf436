"""The encoding of an XML document (XML 1.0 sections 2.8 and 4.3.3).

An XML declaration is not signed: anyone can change which encoding it names, and so what other
programs read.
"""

import re
from collections.abc import Iterator
from encodings import normalize_encoding
from encodings.aliases import aliases

from app.cms import texts
from app.cms.errors import MalformedSignature

# Characters that may stand around a document, and how many before it.
MARGIN = " \t\r\n\ufeff"
MAX_MARGIN = 1000
# Characters of an XML declaration. A usual one has 55.
MAX_DECLARATION = 1000
# Accepted encodings: Python's modules and codecs. None of them can hide markup or characters in
# what reads differently in ASCII, as UTF-7, HZ and ISO-2022 do.
_SINGLE = {
    "ascii": "ascii",
    "cp1251": "cp1251",
    "koi8_r": "koi8-r",
    "latin_1": "latin-1",
    "iso8859_5": "iso8859-5",
}
# Others of one byte a character that extend ASCII, so that they hide nothing of it: what came as
# text may declare them, and was saved so by servers of before. Files in them are not read.
_OTHERS = {"cp866", "koi8_u", "kz1048", "ptcp154"}
_OTHERS |= {f"cp125{number}" for number in range(9)}
_OTHERS |= {f"iso8859_{number}" for number in range(2, 17)}
_UTF_8 = "utf-8"
# What a text may declare, since it has no bytes. Programs on Windows write UTF-16 there.
_UNICODE = {"utf_8", "utf_16", "utf_16_le", "utf_16_be"}
_UTF_16 = {
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
    b"<\0": "utf-16-le",
    b"\0<": "utf-16-be",
}
_UTF_8_MARK = b"\xef\xbb\xbf"
_BYTES_OF_MARGIN = re.compile(rb"(?:[ \t\r\n]|\xef\xbb\xbf)*")
_BEGIN = re.compile(r"<\?xml[ \t\r\n]")
_END = "?>"
# The name is whatever stands there: one that is none is refused as unsupported.
_NAMES = re.compile(r"encoding[ \t\r\n]*=[ \t\r\n]*(?:\"([^\"]*)\"|'([^']*)')")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,40}")


def decode_xml(data: bytes) -> Iterator[str]:
    """Decode an XML document as `encoding_of` says, in pieces.

    Raises MalformedSignature if it isn't XML, not in a supported encoding, or would take too much
    memory.
    """
    encoding = encoding_of(data)
    start = len(_UTF_8_MARK) if data.startswith(_UTF_8_MARK) else 0
    try:
        yield from texts.decode_pieces(data, encoding, start)
    except UnicodeDecodeError as error:
        raise _unreadable(encoding) from error


def encoding_of(data: bytes) -> str:
    """Return the encoding of an XML document, as Python names it.

    It is that of the byte order mark, or of the first characters, else the one that is declared,
    else UTF-8. Raises MalformedSignature if it isn't XML, or in an encoding that is not supported.
    """
    if data[:2] in _UTF_16:
        return _UTF_16[data[:2]]
    beginning = _beginning(data)
    if beginning is None:
        raise MalformedSignature("cms: neither CMS nor XML")
    name = _declared_name(find_declaration(beginning))
    if data.startswith(_UTF_8_MARK) or not name:
        return _UTF_8
    module = _module(name)
    if module == "utf_8":
        return _UTF_8
    if module not in _SINGLE:
        raise _unreadable(name)
    return _SINGLE[module]


def is_text(data: bytes) -> bool:
    """Return whether a file reads the same as text in UTF-8: it is no XML, or XML in UTF-8."""
    if data[:2] not in _UTF_16 and _beginning(data) is None:
        return True
    try:
        encoding = encoding_of(data)
    except MalformedSignature:
        return False
    return encoding == _UTF_8 or (encoding in _SINGLE.values() and data.isascii())


def find_declaration(beginning: str) -> str:
    """Return the XML declaration with which a text begins, empty if there is none.

    `beginning` has at least `MAX_DECLARATION` characters, or is the whole text. Raises
    MalformedSignature for a declaration that is longer.
    """
    if not _BEGIN.match(beginning):
        return ""
    end = beginning.find(_END, 0, MAX_DECLARATION)
    if end >= 0:
        return beginning[: end + len(_END)]
    if len(beginning) < MAX_DECLARATION:
        return ""  # The parser will report that it isn't closed.
    raise MalformedSignature(
        "cms: the XML declaration has more than {limit} characters", limit=MAX_DECLARATION
    )


def find_contradiction(declaration: str, encoding: str | None) -> str | None:
    """Return the encoding that a declaration names, if it isn't the one in which the document is.

    `encoding` is that of the file, as Python names it; None for what came as text. UTF-8 and UTF-16
    don't contradict a text, nor each other: a program that takes one for the other reads nothing.
    Raises MalformedSignature if what is named is not supported.
    """
    name = _declared_name(declaration)
    if not name:
        return None
    module = _module(name)
    if module in _UNICODE:
        return None
    if module in _SINGLE:
        return None if _SINGLE[module] == encoding else name
    if encoding is None and module in _OTHERS:
        return name
    raise _unreadable(name)


def _beginning(data: bytes) -> str | None:
    """Return the first characters of a document in an extension of ASCII; None if it isn't XML."""
    margin = _BYTES_OF_MARGIN.match(data, 0, MAX_MARGIN)
    start = margin.end() if margin else 0
    if not data.startswith(b"<", start):
        return None
    return data[start : start + MAX_DECLARATION].decode("latin-1")


def _declared_name(declaration: str) -> str:
    """Return the encoding that a declaration names, empty if it names none."""
    found = _NAMES.search(declaration)
    return (found[1] or found[2] or "-").lower() if found else ""


def _module(name: str) -> str:
    """Return Python's module for an encoding; one that is none has none."""
    # Not `codecs.lookup`, which permanently remembers every unknown name.
    module = normalize_encoding(name) if _NAME.fullmatch(name) else ""
    return aliases.get(module, module)


def _unreadable(name: str) -> MalformedSignature:
    return MalformedSignature(
        "cms: XML can't be read in the encoding {encoding}", encoding=name[:40]
    )
