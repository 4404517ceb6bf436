"""Damage that keeps lengths right, so that it gets beyond the first look."""

import random
from dataclasses import dataclass

from tests import der

# Identifier octets that mean something somewhere.
_TAGS = b"\0\1\2\3\4\5\6\x0a\x0c\x13\x17\x18\x24\x30\x31\x80\x81\x82\x84\xa0\xa1\xa3\xff"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an element in DER starts, where its contents do, and where it stops."""

    start: int
    contents: int
    stop: int


def places(data: bytes) -> list[Place]:
    """List all elements, also those within OCTET STRINGs."""
    found: list[Place] = []
    open_ = [(0, len(data))]
    while open_:
        position, end = open_.pop()
        while position + 1 < end:
            place = _place(data, position)
            if place.stop > end:
                break
            found.append(place)
            nested = data[position] == 4 and data[place.contents : place.contents + 1] == b"\x30"
            if data[position] & 0x20 or nested:
                open_.append((place.contents, place.stop))
            position = place.stop
    return found


def _place(data: bytes, position: int) -> Place:
    length, contents = data[position + 1], position + 2
    if length > 0x80:
        octets = length & 0x7F
        length = int.from_bytes(data[contents : contents + octets], "big")
        contents += octets
    return Place(position, contents, contents + length)


def replaced(data: bytes, at: Place, element: bytes) -> bytes:
    """Put `element` in the place of another, and make the lengths of all around it right."""
    around = [one for one in places(data) if one.start < at.start and at.stop <= one.stop]
    start, stop = at.start, at.stop
    for outer in sorted(around, key=lambda one: -one.start):
        contents = data[outer.contents : start] + element + data[stop : outer.stop]
        element = der.tlv(data[outer.start], contents)
        start, stop = outer.start, outer.stop
    return data[:start] + element + data[stop:]


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Change a bit or a tag, or remove, repeat, replace, rename or lengthen an element."""
    octets = bytearray(data)
    position = chance.randrange(len(data))
    kind = chance.randrange(8)
    if kind == 0:
        octets[position] ^= 1 << chance.randrange(8)
        return bytes(octets)
    listed = places(data)
    place, other = chance.choice(listed), chance.choice(listed)
    element, another = data[place.start : place.stop], data[other.start : other.stop]
    tag = bytes((chance.choice(_TAGS),))
    longer = der.tlv(element[0], data[place.contents : place.stop] + chance.randbytes(3))
    choices = (
        b"",
        element * 2,
        another,
        element + another,
        another + element,
        tag + element[1:],
        longer,
    )
    return replaced(data, place, choices[kind - 1])
