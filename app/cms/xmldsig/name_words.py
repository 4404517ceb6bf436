"""The words of distinguished names: what a name in a certificate says, however it is written.

A name is written in many ways (RFC 4514 section 2, RFC 2253 section 4), but some characters
separate types and values in all of them, and a type stands before the value that it belongs to.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.cms.asn1.node import DAMAGE, read_node
from app.cms.x509.names import (
    COMMON_NAME,
    COUNTRY,
    GIVEN_NAME,
    ORGANISATION,
    ORGANISATIONAL_UNIT,
    SERIAL_NUMBER,
    SURNAME,
    read_name,
)

# What is between two words, and the words themselves. A value that contains a separator is split in
# certificates, too.
_WORD = re.compile(r"[^,;+/=\"\\]+")
_DOTTED = re.compile(r"(?:oid\.)?([0-9.]{3,100})")
_LOCALITY, _STATE, _STREET, _TITLE = "2.5.4.7", "2.5.4.8", "2.5.4.9", "2.5.4.12"
_EMAIL = "1.2.840.113549.1.9.1"
# Names of attribute types (RFC 4514 section 3), and further ones of Java, .NET and OpenSSL, of
# which one reads SN as surname and another as serial number.
_TYPES = {
    "cn": (COMMON_NAME,),
    "c": (COUNTRY,),
    "l": (_LOCALITY,),
    "s": (_STATE,),
    "st": (_STATE,),
    "o": (ORGANISATION,),
    "ou": (ORGANISATIONAL_UNIT,),
    "t": (_TITLE,),
    "g": (GIVEN_NAME,),
    "gn": (GIVEN_NAME,),
    "sn": (SURNAME, SERIAL_NUMBER),
    "e": (_EMAIL,),
    "dc": ("0.9.2342.19200300.100.1.25",),
    "uid": ("0.9.2342.19200300.100.1.1",),
    "street": (_STREET,),
    "title": (_TITLE,),
    "surname": (SURNAME,),
    "givenname": (GIVEN_NAME,),
    "serialnumber": (SERIAL_NUMBER,),
    "businesscategory": ("2.5.4.15",),
    "email": (_EMAIL,),
    "emailaddress": (_EMAIL,),
}


@dataclass(frozen=True, slots=True)
class NameWords:
    """The words of an encoded name: those of its values, and the first of each with its type.

    An encoded value is a word, too.
    """

    words: frozenset[str]
    beginnings: frozenset[tuple[str, str]]


def read_words(name: bytes) -> NameWords:
    """Read the words of an encoded name."""
    words: set[str] = set()
    beginnings: set[tuple[str, str]] = set()
    for kind, value in read_name(name).attributes:
        found = [word for word, _ in split(value)]
        words.update(found)
        beginnings.update((kind, word) for word in found[:1])
    for kind, value in _list_encoded(name):
        words.add(value)
        beginnings.add((kind, value))
    return NameWords(frozenset(words), frozenset(beginnings))


def split(text: str) -> list[tuple[str, bool]]:
    """Return the words of a text, each with whether "=" is between it and the one before."""
    found: list[tuple[str, bool]] = []
    end = 0
    for word in _WORD.finditer(text):
        said = " ".join(word[0].split()).casefold()
        if said:
            found.append((said, "=" in text[end : word.start()]))
            end = word.end()
    return found


def is_said(text: str, names: Sequence[NameWords]) -> bool:
    """Return whether a text consists of values that the names hold, and of the types before them.

    A type without its value, or before the value of another, says what no name does; so do
    separators alone.
    """
    words = split(text)
    followed = pairwise([*words, ("", False)])
    return bool(words or not text.strip()) and all(
        any(word in one.words or (is_type and _is_type_of(word, following, one)) for one in names)
        for (word, _), (following, is_type) in followed
    )


def _is_type_of(word: str, value: str, name: NameWords) -> bool:
    """Return whether a value of a name, of that type, begins with that word."""
    dotted = _DOTTED.fullmatch(word)
    kinds = (dotted[1],) if dotted else _TYPES.get(word, ())
    return any((kind, value) in name.beginnings for kind in kinds)


def _list_encoded(name: bytes) -> list[tuple[str, str]]:
    """List the types of a name with their encoded values, as RFC 4514 section 2.4 writes them."""
    try:
        parts = [one.elements(2) for rdn in read_node(name).elements() for one in rdn.elements()]
        return [(kind.identifier(), f"#{value.encoded.hex()}") for kind, value in parts]
    except DAMAGE:
        return []
