"""As much of DER (X.690) as a CMS takes to be written."""

from __future__ import annotations

SEQUENCE, SET, INTEGER, BITS, OCTETS, IDENTIFIER, UTC_TIME = 0x30, 0x31, 2, 3, 4, 6, 0x17
GENERALIZED_TIME = 0x18
NULL = b"\5\0"


def tlv(tag: int, *contents: bytes) -> bytes:
    """Encode one element."""
    joined = b"".join(contents)
    size = len(joined)
    if size < 0x80:
        return bytes((tag, size)) + joined
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + joined


def sequence(*contents: bytes) -> bytes:
    """Encode a SEQUENCE."""
    return tlv(SEQUENCE, *contents)


def set_of(*contents: bytes) -> bytes:
    """Encode a SET OF (section 11.6)."""
    return tlv(SET, *sorted(contents))


def explicit(number: int, *contents: bytes) -> bytes:
    """Encode a constructed element with a context tag."""
    return tlv(0xA0 | number, *contents)


def bits(value: bytes) -> bytes:
    """Encode a BIT STRING of whole octets."""
    return tlv(BITS, b"\0", value)


def content_of(encoded: bytes) -> bytes:
    """Return what one element holds."""
    length = encoded[1] & 0x7F if encoded[1] & 0x80 else 0
    return encoded[2 + length :]


def integer(value: int) -> bytes:
    """Encode an INTEGER that is not negative."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def identifier(dotted: str) -> bytes:
    """Encode an OBJECT IDENTIFIER."""
    first, second, *arcs = map(int, dotted.split("."))
    return tlv(IDENTIFIER, b"".join(map(_arc, (40 * first + second, *arcs))))


def _arc(value: int) -> bytes:
    octets = [value & 0x7F]
    while value := value >> 7:
        octets.append(0x80 | value & 0x7F)
    return bytes(reversed(octets))
