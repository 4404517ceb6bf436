"""Distinguished names (RFC 5280 section 4.1.2.4) as text, whatever type of string they are in."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from app.cms.ber import OBJECT_IDENTIFIER, SEQUENCE, SET, Element, Scanned, scan
from app.cms.errors import MalformedSignature
from app.cms.records import dotted

COMMON_NAME = "2.5.4.3"
SURNAME = "2.5.4.4"
SERIAL_NUMBER = "2.5.4.5"
COUNTRY = "2.5.4.6"
ORGANISATION = "2.5.4.10"
ORGANISATIONAL_UNIT = "2.5.4.11"
GIVEN_NAME = "2.5.4.42"
EMAIL = "1.2.840.113549.1.9.1"

# Attributes of one name that are read; the NCA's have up to nine.
_MAX_ATTRIBUTES = 64
# Bytes of a name that is made comparable; the NCA's have 200.
_MAX_COMPARED = 1000
EMPTY = b"\x30\x00"
# The types of DirectoryString and of their kin, by identifier octet (X.690 8.23). Teletex strings
# have been Latin-1 in practice.
_ENCODINGS = {
    0x0C: "utf-8",
    0x12: "ascii",
    0x13: "ascii",
    0x14: "latin-1",
    0x16: "ascii",
    0x1A: "ascii",
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}
# Control characters but blanks, and those that turn the direction of text: they are in a name only
# to make it look like another one. PostgreSQL stores no NUL either.
_DECEPTIVE = re.compile(
    "[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_REPLACEMENT = "\ufffd"

RelativeKeys: TypeAlias = tuple[str | bytes, ...]
"""What matches in each RelativeDistinguishedName of a Name; see `relative_keys`."""


@dataclass(frozen=True, slots=True)
class Name:
    """Attributes of a name in their order: dotted type and text.

    `damaged` is true if some were left out or hold characters that were replaced by U+FFFD.
    """

    attributes: tuple[tuple[str, str], ...]
    damaged: bool

    def values(self, kind: str) -> tuple[str, ...]:
        """Return the different values of one attribute type."""
        return tuple(dict.fromkeys(text for oid, text in self.attributes if oid == kind))

    def value(self, kind: str) -> str | None:
        """Return the first value of one attribute type."""
        return next((text for oid, text in self.attributes if oid == kind), None)


def read_name(der: bytes) -> Name:
    """Read an encoded Name; what can't be read in it is left out."""
    if der == EMPTY:
        return Name((), damaged=False)
    try:
        value = scan(der)
    except MalformedSignature:
        return Name((), damaged=True)
    found = []
    parts = _list_attributes(value)
    damaged = len(parts) > _MAX_ATTRIBUTES
    for part in parts[:_MAX_ATTRIBUTES]:
        try:
            kind, text = _read_attribute(value, part)
        except ValueError:
            damaged = True
            continue
        damaged = damaged or _REPLACEMENT in text
        if text:
            found.append((kind, text))
    return Name(tuple(found), damaged)


def name_key(name: bytes) -> str | None:
    """Return what encoded names have in common exactly if they match (RFC 5280 section 7.1).

    Names match across string types, case and repeated blanks. None if the name is empty, damaged or
    long: it matches no other.
    """
    return None if name == EMPTY or len(name) > _MAX_COMPARED else _short_name_key(name)


@lru_cache(maxsize=512)
def _short_name_key(name: bytes) -> str | None:
    """Return the same of a name that isn't too large to be remembered."""
    try:
        value, relatives = _scan_relatives(name)
        return repr([_relative_key(value, relative) for relative in relatives])
    except (MalformedSignature, ValueError):
        return None


def _scan_relatives(name: bytes) -> tuple[Scanned, list[Element]]:
    """Scan a Name, and list its RelativeDistinguishedNames. Raises MalformedSignature."""
    value = scan(name)
    [outermost] = value.elements(0, len(name), 0)
    return value, value.elements(outermost[2], outermost[3], _MAX_COMPARED)


def relative_keys(name: bytes) -> RelativeKeys | None:
    """Return what matches in each RelativeDistinguishedName of a Name, which may be empty.

    Bytes stand for one that can't be made comparable: only itself is sure to match. None if the
    name is damaged or long.
    """
    if name == EMPTY:
        return ()
    if len(name) > _MAX_COMPARED:
        return None
    try:
        value, relatives = _scan_relatives(name)
    except MalformedSignature:
        return None
    return tuple(_text_or_bytes(value, relative) for relative in relatives)


def _text_or_bytes(value: Scanned, relative: Element) -> str | bytes:
    try:
        return repr(_relative_key(value, relative))
    except ValueError:
        return value.data[relative[1] : relative[4]]


def _relative_key(value: Scanned, relative: Element) -> list[tuple[bytes, str]]:
    """Make a RelativeDistinguishedName, which is a SET, comparable. Raises ValueError."""
    is_set = relative[0] == SET
    attributes = value.elements(relative[2], relative[3], _MAX_COMPARED) if is_set else []
    if not attributes:
        raise ValueError("not a SET of something")
    return sorted(_attribute_key(value, attribute) for attribute in attributes)


def _attribute_key(value: Scanned, attribute: Element) -> tuple[bytes, str]:
    """Return the type of an attribute, and its text made comparable. Raises ValueError."""
    kind, text = _type_and_string(value, attribute)
    folded = _normalise(value.data[text[2] : text[3]].decode(_ENCODINGS[text[0]])).casefold()
    return value.data[kind[2] : kind[3]], " ".join(_normalise(folded).split())


def _normalise(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _list_attributes(value: Scanned) -> list[Element]:
    """List the AttributeTypeAndValue of all RelativeDistinguishedNames."""
    outermost = value.elements(0, len(value.data), 1)[0]
    found: list[Element] = []
    for relative in value.elements(outermost[2], outermost[3], _MAX_ATTRIBUTES):
        if relative[0] == SET:
            found += value.elements(relative[2], relative[3], _MAX_ATTRIBUTES)
        else:
            found.append(relative)
    return found


def _read_attribute(value: Scanned, attribute: Element) -> tuple[str, str]:
    """Return type and text of one attribute. Raises ValueError."""
    kind, text = _type_and_string(value, attribute)
    return (
        dotted(value.data[kind[2] : kind[3]]),
        clean(value.data[text[2] : text[3]].decode(_ENCODINGS[text[0]], "replace")),
    )


def _type_and_string(value: Scanned, attribute: Element) -> list[Element]:
    """Return the two parts of an AttributeTypeAndValue. Raises ValueError."""
    parts = value.elements(attribute[2], attribute[3], 2) if attribute[0] == SEQUENCE else []
    if len(parts) != 2 or parts[0][0] != OBJECT_IDENTIFIER or parts[1][0] not in _ENCODINGS:
        raise ValueError("not a type and a string")
    return parts


def clean(text: str) -> str:
    """Put one blank for many, and U+FFFD for characters that would deceive a reader."""
    return " ".join(_DECEPTIVE.sub(_REPLACEMENT, text).split())
