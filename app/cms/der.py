"""Encoding in DER (X.690 sections 10 and 11) what was read in BER."""

from app.cms.ber import CONSTRUCTED_OCTET_STRING, OCTET_STRING, SET
from app.cms.nodes import Node


def encode_der(node: Node, tag: int, *, in_order: bool = False) -> bytes:
    """Encode an element in DER (X.690 sections 10 and 11), with `tag` in place of its own.

    `in_order` leaves the elements of a SET as they are. Raises one of DAMAGE.
    """
    if tag == CONSTRUCTED_OCTET_STRING:
        return encode(OCTET_STRING, node.octets())
    if not tag & 0x20:
        return encode(tag, node.contents)
    parts = [encode_der(child, child.tag, in_order=in_order) for child in node.children(node.size)]
    if tag == SET and not in_order:
        parts.sort()
    return encode(tag, b"".join(parts))


def encode(tag: int, contents: bytes) -> bytes:
    """Encode one element with the shortest definite length."""
    size = len(contents)
    if size < 0x80:
        return bytes((tag, size)) + contents
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + contents
