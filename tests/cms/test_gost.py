"""GOST digests and signatures, against the examples of the RFCs and of the standards."""

import hashlib
import random
from collections.abc import Callable
from itertools import pairwise

import pytest

from app.cms.algorithms.gost.curves import CRYPTO_PRO_A, TC26_256_A, TC26_512_A, Curve, Point
from app.cms.algorithms.gost.gost94 import plain_gost_94_crypto_pro, plain_gost_34311
from app.cms.algorithms.gost.streebog import plain_streebog_256, plain_streebog_512
from tests.gost_signer import GOST_2004, GOST_2015_256, GOST_2015_512, GostKey, Kind, pair

CURVES = {"512-A": TC26_512_A, "256-A": TC26_256_A, "CryptoPro-A": CRYPTO_PRO_A}
KINDS = {"2015-512": GOST_2015_512, "2015-256": GOST_2015_256, "2004": GOST_2004}

every_curve = pytest.mark.parametrize("curve", CURVES.values(), ids=CURVES)
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)

# The messages of RFC 6986 section 10. The second is a line of Old Russian in Windows-1251.
M1 = b"012345678901234567890123456789012345678901234567890123456789012"
M2 = "Се ветри, Стрибожи внуци, веютъ с моря стрелами на храбрыя плъкы Игоревы".encode("cp1251")

# The RFC writes numbers, their highest byte first; a digest is written from the lowest.
STREEBOG_EXAMPLES = [
    pytest.param(
        plain_streebog_512,
        M1,
        "486f64c1917879417fef082b3381a4e211c324f074654c38823a7b76f830ad00"
        "fa1fbae42b1285c0352f227524bc9ab16254288dd6863dccd5b9f54a1ad0541b",
        id="10.1.1",
    ),
    pytest.param(
        plain_streebog_256,
        M1,
        "00557be5e584fd52a449b16b0251d05d27f94ab76cbaa6da890b59d8ef1e159d",
        id="10.1.2",
    ),
    pytest.param(
        plain_streebog_512,
        M2,
        "28fbc9bada033b1460642bdcddb90c3fb3e56c497ccd0f62b8a2ad4935e85f03"
        "7613966de4ee00531ae60f3b5a47f8dae06915d5f2f194996fcabf2622e6881e",
        id="10.2.1",
    ),
    pytest.param(
        plain_streebog_256,
        M2,
        "508f7e553c06501d749a66fc28c6cac0b005746d97537fa85d9e40904efed29d",
        id="10.2.2",
    ),
]


@pytest.mark.parametrize(("function", "message", "written"), STREEBOG_EXAMPLES)
def test_streebog_gives_the_digests_of_rfc_6986(
    function: Callable[[bytes], bytes], message: bytes, written: str
) -> None:
    assert function(message)[::-1].hex() == written


@pytest.mark.parametrize(
    ("message", "digest"),
    [
        # What another implementation gives. The sum of the second's blocks overflows.
        (b"x" * 64, "aa92a926c6a2941eb48c805936b742b5edb447278b9ef8ec5d20cd09d211fbf2"),
        (b"\xff" * 128, "4749bfc37b7ddad7c745dc2da1fb22619f70154c064ae3b6cb34bc2b2c0827c1"),
    ],
)
def test_streebog_hashes_full_blocks(message: bytes, digest: str) -> None:
    assert plain_streebog_256(message).hex() == digest


@pytest.mark.parametrize(
    ("function", "message", "digest"),
    [
        # RFC 5831 section 7.3, which writes numbers, the highest byte first.
        (
            plain_gost_34311,
            b"This is message, length=32 bytes",
            "faff37a615a816691cff3ef8b68ca247e09525f39f8119832eb81975d366c4b1",
        ),
        (
            plain_gost_34311,
            b"Suppose the original message has length = 50 bytes",
            "0852f5623b89dd57aeb4781fe54df14eeafbc1350613763a0d770aa657ba1a47",
        ),
        # What other implementations give for the empty message and with the other parameters.
        (
            plain_gost_34311,
            b"",
            "8d0f49492c91f45a68ff5c05d2c2b4ab78027b9aab5ce3feff5267c49cb985ce",
        ),
        (
            plain_gost_94_crypto_pro,
            b"",
            "c056d64c2383c44a58139c9b560111ac133e43fb840f838714840ca33c5f1e98",
        ),
        (
            plain_gost_94_crypto_pro,
            b"This is message, length=32 bytes",
            "eb48de3e89e71bcb695fc752d617fae757f34fa77fa58ee114c5bdb7f7c2ef2c",
        ),
    ],
)
def test_gost_34311_gives_the_digests_of_rfc_5831(
    function: Callable[[bytes], bytes], message: bytes, digest: str
) -> None:
    assert function(message)[::-1].hex() == digest


# RFC 7091 section 7.1: the curve and the signature.
EXAMPLE_256 = (
    Curve(
        p=0x8000000000000000000000000000000000000000000000000000000000000431,
        a=7,
        b=0x5FBFF498AA938CE739B8E022FBAFEF40563F6E6A3472FC2A514C0CE9DAE23B7E,
        q=0x8000000000000000000000000000000150FE8A1892976154C59CFC193ACCF5B3,
        base=(2, 0x08E2A8A0E65147D4BD6316030E16D19C85C97F0A9CA267122B96ABBCEA7E8FC8),
    ),
    (
        0x7F2B49E270DB6D90D8595BEC458B50C58585BA1D4E9B788F6689DBD8E56FD80B,
        0x26F1B489D6701DD185C8413A977B3CBBAF64D1C593D26627DFFB101A87FF77DA,
    ),
    0x2DFBC1B372D89A1188C09C52E0EEC61FCE52032AB1022E8E67ECE6672B043EE5,
    0x41AA28D2F1AB148280CD9ED56FEDA41974053554A42767B83AD043FD39DC0493,
    0x01456C64BA4642A1653C235A98A60249BCD6D3F746B631DF928014F6C5BF9C40,
)


def number(*halves: str) -> int:
    """Read a number of 512 bits."""
    return int("".join(halves), 16)


# GOST R 34.10-2012 appendix A.2.
EXAMPLE_512 = (
    Curve(
        p=number(
            "4531acd1fe0023c7550d267b6b2fee80922b14b2ffb90f04d4eb7c09b5d2d15d",
            "f1d852741af4704a0458047e80e4546d35b8336fac224dd81664bbf528be6373",
        ),
        a=7,
        b=number(
            "1cff0806a31116da29d8cfa54e57eb748bc5f377e49400fdd788b649eca1ac43",
            "61834013b2ad7322480a89ca58e0cf74bc9e540c2add6897fad0a3084f302adc",
        ),
        q=number(
            "4531acd1fe0023c7550d267b6b2fee80922b14b2ffb90f04d4eb7c09b5d2d15d",
            "a82f2d7ecb1dbac719905c5eecc423f1d86e25edbe23c595d644aaf187e6e6df",
        ),
        base=(
            number(
                "24d19cc64572ee30f396bf6ebbfd7a6c5213b3b3d7057cc825f91093a68cd762",
                "fd60611262cd838dc6b60aa7eee804e28bc849977fac33b4b530f1b120248a9a",
            ),
            number(
                "2bb312a43bd2ce6e0d020613c857acddcfbf061e91e5f2c3f32447c259f39b2c",
                "83ab156d77f1496bf7eb3351e1ee4e43dc1a18b91b24640b6dbb92cb1add371e",
            ),
        ),
    ),
    (
        number(
            "115dc5bc96760c7b48598d8ab9e740d4c4a85a65be33c1815b5c320c854621dd",
            "5a515856d13314af69bc5b924c8b4ddff75c45415c1d9dd9dd33612cd530efe1",
        ),
        number(
            "37c7c90cd40b0f5621dc3ac1b751cfa0e2634fa0503b3d52639f5d7fb72afd61",
            "ea199441d943ffe7f0c70a2759a3cdb84c114e1f9339fdf27f35eca93677beec",
        ),
    ),
    number(
        "3754f3cfacc9e0615c4f4a7c4d8dab531b09b6f9c170c533a71d147035b0c591",
        "7184ee536593f4414339976c647c5d5a407adedb1d560c4fc6777d2972075b8c",
    ),
    number(
        "2f86fa60a081091a23dd795e1e3c689ee512a3c82ee0dcc2643c78eea8fcacd3",
        "5492558486b20f1c9ec197c90699850260c93bcbcd9c5c3317e19344e173ae36",
    ),
    number(
        "1081b394696ffe8e6585e7a9362d26b6325f56778aadbc081c0bfbe933d52ff5",
        "823ce288e8c4f362526080df7f70ce406a6eeb1f56919cb92a9853bde73e5b4a",
    ),
)


@pytest.mark.parametrize("example", [EXAMPLE_256, EXAMPLE_512], ids=["256", "512"])
def test_the_signatures_of_the_standard_verify(
    example: tuple[Curve, Point, int, int, int],
) -> None:
    curve, key, digest, r, s = example
    assert curve.verify(key, digest, r, s)
    assert not curve.verify(key, digest + 1, r, s)
    assert not curve.verify(key, digest, r + 1, s)
    assert not curve.verify(key, digest, r, s + 1)
    assert not curve.verify(curve.base, digest, r, s)


@every_curve
def test_base_points_have_the_order_that_is_stated(curve: Curve) -> None:
    assert curve.is_key(curve.base)
    before_last = curve.to_affine(curve.combine(curve.q - 1, curve.base, 0))
    assert before_last == (curve.base[0], curve.p - curve.base[1])
    assert curve.combine(curve.q, curve.base, 0)[2] == 0
    assert curve.combine(0, curve.base, curve.q)[2] == 0


@every_curve
def test_sums_hold_where_points_meet(curve: Curve) -> None:
    def multiple(factor: int) -> Point:
        return curve.to_affine(curve.combine(factor, curve.base, 0))

    for first, second in ((1, 1), (3, 3), (1, 2), (5, 300), (2**200 + 1, 2**200 - 1)):
        total = curve.combine(first, curve.base, second)
        assert curve.to_affine(total) == multiple(first + second)
    for factor in (1, 12345, curve.q - 2):
        assert curve.combine(factor, curve.base, curve.q - factor)[2] == 0


@every_kind
def test_what_a_key_has_signed_verifies(kind: Kind) -> None:
    key = GostKey.generate(kind, "anna")
    randomness = random.Random(1)
    for _ in range(5):
        digest = randomness.randbytes(kind.curve.size)
        assert verifies(key, digest, key.sign(digest))
        assert not verifies(key, digest[::-1], key.sign(digest))
        assert not verifies(GostKey.generate(kind, "boris"), digest, key.sign(digest))


@every_kind
def test_a_digest_that_is_zero_counts_as_one(kind: Kind) -> None:
    # RFC 7091 section 6.2, step 3.
    key = GostKey.generate(kind, "anna")
    zero = kind.curve.q.to_bytes(kind.curve.size, "little")
    one = (1).to_bytes(kind.curve.size, "little")
    assert verifies(key, one, key.sign(zero))
    assert verifies(key, zero, key.sign(one))


def verifies(key: GostKey, digest: bytes, signature: bytes) -> bool:
    size = key.kind.curve.size
    r, s = (int.from_bytes(half, "little") for half in (signature[:size], signature[size:]))
    return key.kind.curve.verify(key.point, int.from_bytes(digest, "little"), r, s)


@every_curve
def test_numbers_out_of_range_do_not_verify(curve: Curve) -> None:
    for r, s in ((0, 1), (1, 0), (0, 0), (curve.q, 1), (1, curve.q), (curve.q + 1, 1), (-1, 1)):
        assert not curve.verify(curve.base, 1, r, s)


@every_curve
def test_a_sum_at_infinity_does_not_verify(curve: Curve) -> None:
    # With the base point as key, the factors s and -r cancel each other out.
    assert not curve.verify(curve.base, 1, 7, 7)


@every_curve
def test_points_off_the_curve_are_no_keys(curve: Curve) -> None:
    x, y = curve.base
    for point in ((0, 0), (x, y + 1), (x + curve.p, y), (x, y - curve.p), (-x, y)):
        assert not curve.is_key(point)
        assert not curve.verify(point, 1, 1, 1)


def test_points_of_small_order_are_no_keys() -> None:
    curve = TC26_256_A
    found = set()
    for x in range(200):
        square = (x**3 + curve.a * x + curve.b) % curve.p
        y = pow(square, (curve.p + 1) // 4, curve.p)
        if y * y % curve.p == square:
            # The curve has 4q points, so that q times any is one of four.
            rest = curve.combine(0, (x, y), curve.q)
            if rest[2]:
                found.add(curve.to_affine(rest))
    assert len(found) == 3
    for point in found:
        assert (point[1] ** 2 - point[0] ** 3 - curve.a * point[0] - curve.b) % curve.p == 0
        assert not curve.is_key(point)


def test_signing_follows_from_the_seed_alone() -> None:
    keys = [GostKey.generate(GOST_2004, seed) for seed in ("anna", "anna", "boris")]
    signatures = [key.sign(hashlib.sha256(b"x").digest()) for key in keys]
    assert [first == second for first, second in pairwise(signatures)] == [True, False]
    assert pair(CRYPTO_PRO_A, 1, 2) == b"\1" + bytes(31) + b"\2" + bytes(31)
