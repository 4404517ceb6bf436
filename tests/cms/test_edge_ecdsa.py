"""Values and points of ECDSA at the edges of what is one: see `test_edge_signatures`."""

import random
from functools import cache

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from app.cms.algorithms.registry import AlgorithmIdentifier
from tests import der
from tests.cms.edges import SEED, accepts, flips
from tests.cms.signing import (
    EC,
    ECDSA_SHA256,
    MESSAGE,
    ec_pair,
    public_key,
    with_key,
)

PLAIN_SHA256 = AlgorithmIdentifier("0.4.0.127.0.7.1.1.4.1.3")
# The orders of their groups (SEC 2 version 2 section 2).
CURVES = {
    ec.SECP256R1: int("FFFFFFFF00000000" + "F" * 16 + "BCE6FAADA7179E84F3B9CAC2FC632551", 16),
    ec.SECP384R1: int("F" * 48 + "C7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973", 16),
    ec.SECP521R1: int(
        "1" + "F" * 64 + "FA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409", 16
    ),
}
every_curve = pytest.mark.parametrize("curve", CURVES)


def integers(number: int, order: int) -> list[bytes]:
    """Encode r or s in ways in which it isn't encoded, and numbers that it isn't."""
    right = der.integer(number)
    body = right[2:]
    odd = [0, 1, -1, order - 1, order, order + 1, number + order, -number, number - order]
    odd += [order * 2, 1 << 600, number << 8]
    return [
        right,
        *map(der.integer, odd),
        b"\2\x81" + bytes((len(body),)) + body,
        b"\2\x82\0" + bytes((len(body),)) + body,
        b"\2" + bytes((len(body) + 1,)) + b"\0" + body,
        b"\2" + bytes((len(body) + 3,)) + b"\0\0\0" + body,
        b"\2\0",
        b"\2\x80" + body + b"\0\0",
        b"\4" + right[1:],
        b"\x22" + right[1:],
        b"\x0a" + right[1:],
        b"",
        der.NULL,
        right + der.NULL,
    ]


@every_curve
def test_of_ecdsa_in_der_there_are_two_values(curve: type[ec.EllipticCurve]) -> None:
    order, pair = CURVES[curve], ec_pair(curve)
    key = public_key(pair.public_key())
    right = pair.sign(MESSAGE, ec.ECDSA(hashes.SHA256()))
    r, s = utils.decode_dss_signature(right)
    values = [
        der.sequence(first, second) for first in integers(r, order) for second in integers(s, order)
    ]
    inner = der.integer(r) + der.integer(s)
    long = bytes((0x81, len(inner)))
    values += [b"\x30\x80" + inner + b"\0\0", b"\x31" + right[1:], right + b"\0", inner]
    values += [b"\x30\x82\0" + long[1:] + inner, der.sequence(right), der.octets(right)]
    values += [b"\x30" + long + inner] if len(inner) < 0x80 else []
    values += [der.sequence(der.integer(s), der.integer(r)), der.sequence(inner, der.NULL)]
    values += flips(random.Random(SEED), right, 100)
    twin = der.sequence(der.integer(r), der.integer(order - s))
    for algorithm in (ECDSA_SHA256, AlgorithmIdentifier(EC)):
        assert accepts(key, algorithm, twin)
        assert {value for value in values if accepts(key, algorithm, value)} == {right}


@every_curve
def test_of_ecdsa_side_by_side_there_are_two_values(curve: type[ec.EllipticCurve]) -> None:
    order, pair = CURVES[curve], ec_pair(curve)
    key = public_key(pair.public_key())
    r, s = utils.decode_dss_signature(pair.sign(MESSAGE, ec.ECDSA(hashes.SHA256())))
    size = (curve().key_size + 7) // 8
    right = r.to_bytes(size, "big") + s.to_bytes(size, "big")
    values = [right, s.to_bytes(size, "big") + r.to_bytes(size, "big"), right[::-1]]
    odd = (0, 1, order - 1, order, order + 1, (1 << 8 * size) - 1)
    values += [
        first.to_bytes(width, "big") + second.to_bytes(width, "big")
        for width in (size - 1, size, size + 1, 66, 67, 100)
        for first in (*odd, r)
        for second in (*odd, s)
        if max(first, second) < 1 << 8 * width
    ]
    values += [utils.encode_dss_signature(r, s), *flips(random.Random(SEED), right, 100)]
    assert {value for value in values if accepts(key, PLAIN_SHA256, value)} == {right}
    assert accepts(key, PLAIN_SHA256, right[:size] + (order - s).to_bytes(size, "big"))


@cache
def points(curve: type[ec.EllipticCurve]) -> dict[str, bytes]:
    """Encode the point of a key as it is, and as it isn't."""
    encoding, form = serialization.Encoding.X962, serialization.PublicFormat
    key = ec_pair(curve).public_key()
    whole = key.public_bytes(encoding, form.UncompressedPoint)
    size = len(whole) // 2
    x, y = whole[1 : size + 1], whole[size + 1 :]
    return {
        "whole": whole,
        "compressed": key.public_bytes(encoding, form.CompressedPoint),
        "infinity": b"\0",
        "twin": bytes((5 - key.public_bytes(encoding, form.CompressedPoint)[0],)) + x,
        "off": b"\4" + x + y[:-1] + bytes((y[-1] ^ 1,)),
        "zero": b"\4" + bytes(2 * size),
        "swapped": b"\4" + y + x,
        "long": b"\4\0" + x + b"\0" + y,
        "field": b"\4" + b"\xff" * (2 * size),
        "none": b"",
    }


@every_curve
def test_a_key_that_is_no_point_verifies_nothing(curve: type[ec.EllipticCurve]) -> None:
    pair = ec_pair(curve)
    key = public_key(pair.public_key())
    right = pair.sign(MESSAGE, ec.ECDSA(hashes.SHA256()))
    passed = {
        label
        for label, point in points(curve).items()
        if accepts(with_key(key, bits=point), ECDSA_SHA256, right)
    }
    assert passed == {"whole", "compressed"}
    for other in CURVES:
        moved = with_key(
            key, parameters=public_key(ec_pair(other).public_key()).algorithm.parameters
        )
        assert accepts(moved, ECDSA_SHA256, right) is (other is curve)
