"""Distinguished names (RFC 5280 section 4.1.2.4) as text, for all string types."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from app.cms.asn1.node import Node, read_node
from app.cms.asn1.tags import OBJECT_IDENTIFIER, SEQUENCE, SET
from app.cms.errors import MalformedSignature

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
# The types of DirectoryString and similar ones, by identifier octet (X.690 8.23). Teletex strings
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
# Control characters except blanks, and those that change the direction of text: they occur in a
# name only to make it look like another one. PostgreSQL stores no NUL either.
_DECEPTIVE = re.compile(
    "[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_REPLACEMENT = "\ufffd"

RelativeKeys: TypeAlias = tuple[str | bytes, ...]
"""The comparable form of each RelativeDistinguishedName of a Name; see `relative_keys`."""


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
    return _read_name(der) if len(der) > _MAX_COMPARED else _read_short_name(der)


@lru_cache(maxsize=64)
def _read_short_name(der: bytes) -> Name:
    """Return the same for a name that is small enough to be remembered, as issuers' are."""
    return _read_name(der)


def _read_name(der: bytes) -> Name:
    if der == EMPTY:
        return Name((), damaged=False)
    try:
        parts = _list_attributes(read_node(der))
    except MalformedSignature:
        return Name((), damaged=True)
    found = []
    damaged = len(parts) > _MAX_ATTRIBUTES
    for part in parts[:_MAX_ATTRIBUTES]:
        try:
            kind, text = _read_attribute(part)
        except ValueError:
            damaged = True
            continue
        damaged = damaged or _REPLACEMENT in text
        if text:
            found.append((kind, text))
    return Name(tuple(found), damaged)


def name_key(name: bytes) -> str | None:
    """Return a key that encoded names share exactly if they match (RFC 5280 section 7.1).

    Names match across string types, case and repeated blanks. None if the name is empty, damaged or
    long: it matches no other.
    """
    return None if name == EMPTY or len(name) > _MAX_COMPARED else _short_name_key(name)


def same_name(one: bytes, other: bytes) -> bool:
    """Return whether two encoded names match."""
    if one == other:
        return True
    key = name_key(one)
    return key is not None and key == name_key(other)


@lru_cache(maxsize=512)
def _short_name_key(name: bytes) -> str | None:
    """Return the same for a name that is small enough to be remembered."""
    keys = relative_keys(name) or ()
    return repr(keys) if keys and all(isinstance(one, str) for one in keys) else None


def relative_keys(name: bytes) -> RelativeKeys | None:
    """Return the comparable form of each RelativeDistinguishedName of a Name, which may be empty.

    One without such a form is represented by its bytes, which match only themselves. None if the
    name is damaged or long.
    """
    if name == EMPTY:
        return ()
    if len(name) > _MAX_COMPARED:
        return None
    try:
        return tuple(_text_or_bytes(one) for one in read_node(name).elements(_MAX_COMPARED))
    except MalformedSignature:
        return None


def _text_or_bytes(relative: Node) -> str | bytes:
    try:
        return repr(_relative_key(relative))
    except ValueError:
        return relative.encoded


def _relative_key(relative: Node) -> list[tuple[bytes, str]]:
    """Make a RelativeDistinguishedName, which is a SET, comparable. Raises ValueError."""
    attributes = relative.elements(_MAX_COMPARED) if relative.tag == SET else []
    if not attributes:
        raise ValueError("not a SET of something")
    return sorted(map(_attribute_key, attributes))


def _attribute_key(attribute: Node) -> tuple[bytes, str]:
    """Return the type of an attribute, and its text made comparable. Raises ValueError."""
    kind, text = _type_and_string(attribute)
    folded = _normalise(text.contents.decode(_ENCODINGS[text.tag])).casefold()
    return kind.contents, " ".join(_normalise(folded).split())


def _normalise(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _list_attributes(name: Node) -> list[Node]:
    """List the AttributeTypeAndValue of all RelativeDistinguishedNames."""
    found: list[Node] = []
    for relative in name.elements(_MAX_ATTRIBUTES):
        found += relative.elements(_MAX_ATTRIBUTES) if relative.tag == SET else [relative]
    return found


def _read_attribute(attribute: Node) -> tuple[str, str]:
    """Return type and text of one attribute. Raises ValueError."""
    kind, text = _type_and_string(attribute)
    return kind.identifier(), clean(text.contents.decode(_ENCODINGS[text.tag], "replace"))


def _type_and_string(attribute: Node) -> list[Node]:
    """Return the two parts of an AttributeTypeAndValue. Raises ValueError."""
    parts = attribute.elements(2) if attribute.tag == SEQUENCE else []
    if len(parts) != 2 or parts[0].tag != OBJECT_IDENTIFIER or parts[1].tag not in _ENCODINGS:
        raise ValueError("not a type and a string")
    return parts


def clean(text: str) -> str:
    """Replace runs of blanks by one, and characters that would deceive a reader by U+FFFD."""
    return " ".join(neutralise(text).split())


def neutralise(text: str) -> str:
    """Replace characters that would deceive a reader by U+FFFD, and leave blanks as they are."""
    return _DECEPTIVE.sub(_REPLACEMENT, text)
