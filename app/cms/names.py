"""Distinguished names (RFC 5280 section 4.1.2.4) as text, whatever type of string they are in."""

import re
from dataclasses import dataclass

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
_EMPTY = b"\x30\x00"
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


@dataclass(frozen=True, slots=True)
class Name:
    """Attributes of a name in their order: dotted type and text.

    `damaged` is true if some were left out or hold characters that were replaced by U+FFFD.
    """

    attributes: tuple[tuple[str, str], ...]
    damaged: bool

    def values(self, kind: str) -> tuple[str, ...]:
        """Give the different values of one attribute type."""
        return tuple(dict.fromkeys(text for oid, text in self.attributes if oid == kind))

    def value(self, kind: str) -> str | None:
        """Give the first value of one attribute type."""
        return next((text for oid, text in self.attributes if oid == kind), None)


def read_name(der: bytes) -> Name:
    """Read an encoded Name; what can't be read in it is left out."""
    if der == _EMPTY:
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
    """Give type and text of one attribute. Raises ValueError."""
    parts = value.elements(attribute[2], attribute[3], 2) if attribute[0] == SEQUENCE else []
    if len(parts) != 2 or parts[0][0] != OBJECT_IDENTIFIER or parts[1][0] not in _ENCODINGS:
        raise ValueError("not a type and a string")
    kind, text = parts
    encoding = _ENCODINGS[text[0]]
    return (
        dotted(value.data[kind[2] : kind[3]]),
        clean(value.data[text[2] : text[3]].decode(encoding, "replace")),
    )


def clean(text: str) -> str:
    """Put one blank for many, and U+FFFD for characters that would deceive a reader."""
    return " ".join(_DECEPTIVE.sub(_REPLACEMENT, text).split())
