"""Encoding in DER (X.690 sections 10 and 11): of values read from BER, and of new ones."""

import re

from app.cms.asn1.ber import MAX_DEPTH
from app.cms.asn1.node import Node
from app.cms.asn1.oid import MAX_OBJECT_IDENTIFIER
from app.cms.asn1.tags import (
    BOOLEAN,
    CONSTRUCTED_OCTET_STRING,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SET,
)

# The one BOOLEAN value that is true (section 11.1).
_TRUE = b"\xff"
# An object identifier in dotted notation, of arcs as they are in use.
_DOTTED = re.compile(r"(?:[01]\.[1-3]?\d|2\.(?:0|[1-9]\d{0,18}))(?:\.(?:0|[1-9]\d{0,38})){1,24}")


def encode_der(node: Node, tag: int, depth: int = MAX_DEPTH) -> bytes:
    """Encode an element in DER, with `tag` in place of its own. Raises one of node.DAMAGE.

    The elements of a SET are sorted, as those of a SET OF are (section 11.6). At most `depth`
    levels are encoded: what looks like a large CRL was not scanned.
    """
    if not depth:
        raise ValueError("too deep")
    if tag == CONSTRUCTED_OCTET_STRING:
        return encode(OCTET_STRING, node.octets())
    if not tag & 0x20:
        contents = node.contents
        return encode(tag, _TRUE if tag == BOOLEAN and any(contents) else contents)
    parts = [encode_der(child, child.tag, depth - 1) for child in node.children(node.size)]
    if tag == SET:
        parts.sort()
    return encode(tag, b"".join(parts))


def encode(tag: int, contents: bytes) -> bytes:
    """Encode one element with the shortest definite length."""
    return encode_header(tag, len(contents)) + contents


def encode_header(tag: int, size: int) -> bytes:
    """Encode what stands before `size` octets of contents."""
    if size < 0x80:
        return bytes((tag, size))
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets


def encode_integer(number: int) -> bytes:
    """Encode an INTEGER with as few octets as it takes (section 8.3.2)."""
    size = (number if number >= 0 else ~number).bit_length() // 8 + 1
    return encode(INTEGER, number.to_bytes(size, "big", signed=True))


def encode_identifier(dotted: str) -> bytes:
    """Encode an OBJECT IDENTIFIER in dotted notation (section 8.19). Raises ValueError."""
    if not _DOTTED.fullmatch(dotted):
        raise ValueError("not an object identifier")
    root, second, *arcs = map(int, dotted.split("."))
    octets = b"".join(map(_encode_arc, (40 * root + second, *arcs)))
    if len(octets) > MAX_OBJECT_IDENTIFIER:
        raise ValueError("object identifier is too long")
    return encode(OBJECT_IDENTIFIER, octets)


def _encode_arc(arc: int) -> bytes:
    octets = [arc & 0x7F]
    while arc := arc >> 7:
        octets.append(0x80 | arc & 0x7F)
    return bytes(reversed(octets))
