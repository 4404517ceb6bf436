"""Fields of records: what each must be, and what is damage."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from app.cms.asn1.node import DAMAGE, MAX_EXTENSIONS, Node, read_node
from tests import der, pki


def node(encoded: bytes) -> Node:
    """Return an element within a record."""
    return read_node(der.sequence(encoded)).only()


@pytest.mark.parametrize(
    ("encoded", "moment"),
    [
        (der.tlv(23, b"491231235959Z"), datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (der.tlv(23, b"500101000000Z"), datetime(1950, 1, 1, tzinfo=UTC)),
        (der.tlv(24, b"20500101000000Z"), datetime(2050, 1, 1, tzinfo=UTC)),
        (der.tlv(24, b"20250101000000.5Z"), datetime(2025, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)),
        (
            der.tlv(24, b"20250101000000.123456789Z"),
            datetime(2025, 1, 1, 0, 0, 0, 123_456, tzinfo=UTC),
        ),
    ],
)
def test_times_are_read_as_der_has_them(encoded: bytes, moment: datetime) -> None:
    assert node(encoded).time() == moment


def test_octets_are_joined_from_pieces_of_any_depth() -> None:
    inner = b"\x24\x80" + der.octets(b"b") + der.octets(b"c" * 200) + b"\0\0"
    pieces = der.tlv(0x24, der.octets(b"a") + inner + der.octets(b""))
    assert node(pieces).octets() == b"ab" + b"c" * 200
    assert node(der.octets(b"whole")).octets() == b"whole"


def test_extensions_state_whether_they_are_critical() -> None:
    listed = der.sequence(pki.extension("1.2.3", b"x", critical=True), pki.extension("1.2.4", b"y"))
    assert node(listed).extensions() == {"1.2.3": (True, b"x"), "1.2.4": (False, b"y")}


@pytest.mark.parametrize(
    ("encoded", "read"),
    [
        (der.NULL, Node.time),
        (der.tlv(23, b"2501010000Z"), Node.time),
        (der.tlv(24, b"20250230000000Z"), Node.time),
        (der.tlv(24, b"20250101000000"), Node.time),
        (der.tlv(0x24, der.NULL), Node.octets),
        (der.NULL, Node.octets),
        (der.tlv(3, b"\3\xf8"), Node.bits),
        (der.tlv(3), Node.bits),
        (der.tlv(2), Node.integer),
        (der.tlv(2, bytes(65)), Node.integer),
        (der.NULL, Node.identifier),
        (der.tlv(6, b"\x81"), Node.identifier),
        (der.NULL, Node.children),
        (der.sequence(*[der.NULL] * 17), Node.children),
        (der.sequence(), Node.only),
        (der.sequence(der.NULL, der.NULL), Node.only),
        (der.sequence(der.NULL), Node.algorithm),
        (der.set_of(), Node.fields),
        (der.sequence(der.NULL), lambda one: one.fields().end()),
        (der.sequence(*[pki.extension("1.2.3", b"")] * 2), Node.extensions),
        (der.sequence(*[der.NULL] * (MAX_EXTENSIONS + 1)), Node.extensions),
    ],
)
def test_damage_is_reported(encoded: bytes, read: Callable[[Node], Any]) -> None:
    with pytest.raises(DAMAGE):
        read(node(encoded))
