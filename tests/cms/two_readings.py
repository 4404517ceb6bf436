"""One text that is two CMS, by how its blanks are read: as plus, or as nothing.

As plus, they are bytes in a field that nobody reads, and the rest is shifted behind them, so that
zero bytes follow the CMS. As nothing, the lengths fit exactly, and other elements are the signer.
"""

from __future__ import annotations

from base64 import b64encode

from app.cms.asn1.node import read_node
from tests import der, pki
from tests.pki import Holder

#: Bytes by which one reading is shifted, a multiple of three.
SHIFT = 15
_ZEROS = b"\0" * SHIFT
_ATTRIBUTE = "1.3.6.1.4.1.99999.1"


def text_of_two(shown: Holder, hidden: Holder, document: bytes, junk: int = 300) -> str:
    """Return a text whose strict reading is signed by `shown`, with a value that nobody computed.

    The reading that needs trailing zero bytes is signed by `hidden`, validly. Both are over
    `document`. `junk` is the size of an attribute.
    """
    good = _without_version(pki.signer_info(hidden, document))
    forged = _without_version(pki.signer_info(shown, document, signature=b"\x5a" * 256))
    unsigned = _attribute(b"\x41" * junk) + _attribute(good + _ZEROS)
    strict = _long(0x31, _long(0x30, der.integer(1) + forged + _long(0xA1, unsigned))).removesuffix(
        good + _ZEROS
    )
    # The other reading: the elements above are the beginning of its version, a long number.
    inner = 5 + len(strict) + len(good)
    sizes = (5 + inner, inner, len(strict))
    heads = zip((0x31, 0x30, 0x02), sizes, strict=True)
    rest = b"".join(bytes((tag, 0x83)) + size.to_bytes(3, "big") for tag, size in heads)
    rest += strict + good
    prefix = next(
        one
        for spare in range(3)
        if len(one := _prefix(shown, hidden, document, spare, len(rest))) % 3 == 0
    )
    blanks = " " * (SHIFT * 4 // 3)
    return b64encode(prefix).decode() + blanks + b64encode(rest + _ZEROS).decode()


def _prefix(shown: Holder, hidden: Holder, document: bytes, spare: int, rest: int) -> bytes:
    """Encode what stands before the signers, whose last element has room for the blanks."""
    room = bytes((0x04, spare + SHIFT)) + b"\x42" * spare
    authority = pki.authority().certificate
    certificates = hidden.certificate + shown.certificate + authority + room
    fields = (
        der.integer(1)
        + der.set_of(der.algorithm(pki.SHA256))
        + der.sequence(der.oid(pki.DATA), der.explicit(0, der.octets(document)))
        + _long(0xA0, certificates, SHIFT)
    )
    body = _long(0x30, fields, SHIFT + rest)
    return _long(0x30, der.oid(pki.SIGNED_DATA) + _long(0xA0, body, SHIFT + rest), SHIFT + rest)


def _long(tag: int, contents: bytes, more: int = 0) -> bytes:
    """Encode an element whose length has three octets, and `more` than is there."""
    return bytes((tag, 0x83)) + (len(contents) + more).to_bytes(3, "big") + contents


def _attribute(value: bytes) -> bytes:
    return _long(0x30, der.oid(_ATTRIBUTE) + _long(0x31, _long(0x04, value)))


def _without_version(signer_info: bytes) -> bytes:
    return b"".join(one.encoded for one in read_node(signer_info).children()[1:])
