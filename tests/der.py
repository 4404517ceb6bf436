"""DER, written element by element: a test can break what a library would refuse to build wrong."""

import datetime

from asn1crypto import core

NULL = b"\5\0"


def tlv(tag: int, contents: bytes = b"") -> bytes:
    """Encode one element with the shortest definite length."""
    size = len(contents)
    if size < 0x80:
        return bytes((tag, size)) + contents
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + contents


def sequence(*parts: bytes) -> bytes:
    return tlv(0x30, b"".join(parts))


def set_of(*parts: bytes) -> bytes:
    """Encode a SET OF, whose elements DER puts in order (X.690 section 11.6)."""
    return tlv(0x31, b"".join(sorted(parts)))


def explicit(number: int, *parts: bytes) -> bytes:
    """Encode a constructed element of the context's class."""
    return tlv(0xA0 | number, b"".join(parts))


def implicit(number: int, contents: bytes) -> bytes:
    """Encode a primitive element of the context's class."""
    return tlv(0x80 | number, contents)


def octets(contents: bytes) -> bytes:
    return tlv(4, contents)


def bits(contents: bytes) -> bytes:
    """Encode a BIT STRING of whole octets."""
    return tlv(3, b"\0" + contents)


def integer(number: int) -> bytes:
    return bytes(core.Integer(number).dump())


def boolean(value: bool) -> bytes:
    return tlv(1, b"\xff" if value else b"\0")


def enumerated(number: int) -> bytes:
    return tlv(10, bytes((number,)))


def oid(dotted: str) -> bytes:
    return bytes(core.ObjectIdentifier(dotted).dump())


def utf8(text: str) -> bytes:
    return tlv(12, text.encode())


def time(moment: datetime.datetime) -> bytes:
    """Encode a GeneralizedTime, in UTC."""
    return tlv(24, moment.astimezone(datetime.UTC).strftime("%Y%m%d%H%M%SZ").encode())


def either_time(moment: datetime.datetime) -> bytes:
    """Encode a Time: UTCTime until 2049 (RFC 5280 section 4.1.2.5)."""
    if moment.year >= 2050:
        return time(moment)
    return tlv(23, moment.astimezone(datetime.UTC).strftime("%y%m%d%H%M%SZ").encode())


def algorithm(dotted: str, parameters: bytes | None = None) -> bytes:
    """Encode an AlgorithmIdentifier; without other parameters RSA has NULL (RFC 4055 section 5)."""
    if parameters is None:
        parameters = NULL if dotted.startswith("1.2.840.113549.1.1.") else b""
    return sequence(oid(dotted), parameters)


def attribute(dotted: str, *values: bytes) -> bytes:
    """Encode an Attribute of CMS (RFC 5652 section 5.3)."""
    return sequence(oid(dotted), set_of(*values))
