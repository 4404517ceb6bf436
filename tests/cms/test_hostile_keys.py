"""Keys, parameters and signatures as an attacker might send them."""

import contextlib
import random
import time

import pytest
from cryptography import exceptions
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from app.cms.algorithms.registry import AlgorithmIdentifier, PublicKey, verify_signature
from app.cms.errors import UnsupportedAlgorithm
from tests import der
from tests.cms.signing import (
    ECDSA_SHA256,
    KINDS,
    MESSAGE,
    MGF1,
    P256,
    PSS,
    RSA,
    RSA_SHA256,
    SHA256,
    ec_pair,
    ecdsa_signature,
    gost_key,
    gost_signature,
    pss_parameters,
    pss_signature,
    public_key,
    rsa_pair,
    rsa_signature,
    usual,
    with_key,
)
from tests.cpu import allowed
from tests.gost_signer import GOST_2004, Kind, pair

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
every_scheme = pytest.mark.parametrize("label", usual())


@every_kind
def test_r_and_s_out_of_range_do_not_verify(kind: Kind) -> None:
    curve, key = kind.curve, gost_key(kind)
    algorithm = AlgorithmIdentifier(kind.signature)
    for r, s in ((0, 1), (1, 0), (curve.q, 1), (1, curve.q)):
        assert not verify_signature(key, algorithm, None, MESSAGE, pair(curve, r, s))


@every_kind
def test_a_damaged_gost_key_does_not_verify(kind: Kind) -> None:
    key = gost_key(kind)
    point = key.bits[-2 * kind.curve.size :]
    algorithm, signature = AlgorithmIdentifier(kind.signature), gost_signature(kind)
    broken = [
        b"",
        point,
        key.bits[:-1],
        key.bits + b"\0",
        b"\x03" + key.bits[1:],
        der.octets(point[:-2]),
        der.octets(point + b"\0\0"),
        der.octets(key.bits),
        der.octets(bytes(len(point))),
        der.octets(b"\xff" * len(point)),
        der.octets(point[::-1]),
    ]
    for bits in broken:
        changed = with_key(key, bits=bits)
        assert not verify_signature(changed, algorithm, None, MESSAGE, signature)
    # What names no curve; an empty sequence of indefinite length is one that BER allows.
    for parameters in (b"", der.NULL, b"\x30", b"\x30\x80\0\0", der.sequence(der.NULL)):
        changed = with_key(key, parameters=parameters)
        assert not verify_signature(changed, algorithm, None, MESSAGE, signature)


def rsa_bits(modulus: int, exponent: int) -> bytes:
    return der.sequence(der.integer(modulus), der.integer(exponent))


MODULUS = (1 << 2048) - 1942289


@pytest.mark.parametrize(
    "bits",
    [
        b"",
        b"\0",
        b"\x30\x80\0\0",
        der.sequence(der.integer(MODULUS)),
        der.sequence(*[der.integer(MODULUS)] * 3),
        der.sequence(der.integer(MODULUS), der.octets(b"\3")),
        der.sequence(der.integer(MODULUS), der.tlv(2)),
        rsa_bits(MODULUS, 0),
        rsa_bits(MODULUS, 1),
        rsa_bits(MODULUS, 2),
        rsa_bits(MODULUS, 65536),
        rsa_bits(MODULUS, -3),
        rsa_bits(-MODULUS, 3),
        rsa_bits(MODULUS - 1, 3),
    ],
)
def test_a_damaged_rsa_key_does_not_verify(bits: bytes) -> None:
    key = with_key(public_key(rsa_pair().public_key()), bits=bits)
    assert not verify_signature(key, RSA_SHA256, None, MESSAGE, rsa_signature())


@pytest.mark.parametrize(
    "parameters",
    [
        None,
        der.NULL,
        b"\x30\x03\x04\x01\x30",
        der.sequence(der.octets(b"\x30")),
        der.sequence(der.explicit(0)),
        der.sequence(der.explicit(0, der.NULL)),
        der.sequence(der.explicit(0, der.sequence(der.NULL))),
        der.sequence(der.explicit(0, der.sequence(der.oid(SHA256), der.NULL, der.NULL))),
        der.sequence(der.explicit(0, der.sequence(der.oid(SHA256)), der.NULL)),
        der.sequence(*[der.explicit(2, der.integer(32))] * 2),
        der.sequence(der.explicit(2, der.integer(32)), der.explicit(0, der.NULL)),
        der.sequence(der.explicit(4, der.integer(32))),
        pss_parameters(salt_length=-1),
        pss_parameters(salt_length=255),
        pss_parameters(salt_length=1 << 31),
        pss_parameters(salt_length=1 << 4000),
    ],
)
def test_damaged_or_absurd_pss_parameters_do_not_verify(parameters: bytes | None) -> None:
    key = public_key(rsa_pair().public_key())
    signature = pss_signature(hashes.SHA256(), hashes.SHA256(), 32)
    algorithm = AlgorithmIdentifier(PSS, parameters)
    assert not verify_signature(key, algorithm, None, MESSAGE, signature)


@pytest.mark.parametrize(
    "bits",
    [b"", b"\0", b"\4", b"\4" + b"\1" * 64, b"\4" + bytes(64), b"\2" + b"\1" * 32, b"\4" * 1000],
)
def test_a_damaged_ecdsa_key_does_not_verify(bits: bytes) -> None:
    key = with_key(public_key(ec_pair().public_key()), bits=bits)
    assert not verify_signature(key, ECDSA_SHA256, None, MESSAGE, ecdsa_signature())


@pytest.mark.parametrize("parameters", [b"", b"\6", b"\6\1", b"\6\0", b"\6\1\x80", P256 + b"\0"])
def test_an_ecdsa_key_that_names_no_curve_does_not_verify(parameters: bytes) -> None:
    key = with_key(public_key(ec_pair().public_key()), parameters=parameters)
    assert not verify_signature(key, ECDSA_SHA256, None, MESSAGE, ecdsa_signature())


# What is unknown.


def unsupported(key: PublicKey, algorithm: AlgorithmIdentifier, declared: str | None = None) -> str:
    """Return the name of what is said to be unsupported."""
    with pytest.raises(UnsupportedAlgorithm) as caught:
        verify_signature(key, algorithm, declared, MESSAGE, rsa_signature())
    return str(caught.value.values["name"])


def test_unknown_algorithms_are_neither_good_nor_bad() -> None:
    key = public_key(rsa_pair().public_key())
    assert unsupported(key, AlgorithmIdentifier("1.3.6.1.4.1.6801.1.2.2")) == (
        "1.3.6.1.4.1.6801.1.2.2"
    )
    assert unsupported(key, AlgorithmIdentifier("1.3.101.112")) == "Ed25519"
    assert unsupported(with_key(key, oid="1.3.101.112"), RSA_SHA256) == "Ed25519"
    assert unsupported(key, RSA_SHA256, "1.2.3.4") == "1.2.3.4"
    assert unsupported(key, AlgorithmIdentifier(RSA), "1.2.3.4") == "1.2.3.4"
    assert unsupported(key, AlgorithmIdentifier(RSA), GOST_2004.digest) == "GOST 34.311-95"
    # The kind of key alone doesn't say which digest is signed.
    assert unsupported(key, AlgorithmIdentifier(RSA)) == "RSA"


def test_rsa_keys_of_absurd_sizes_are_not_supported() -> None:
    key = public_key(rsa_pair().public_key())
    for bits in (1, 512, 1023, 16_385, 60_000):
        changed = with_key(key, bits=rsa_bits((1 << bits) - 1, 65537))
        assert unsupported(changed, RSA_SHA256) == f"RSA of {bits} bits"
    changed = with_key(key, bits=rsa_bits(MODULUS, (1 << 64) + 1))
    assert unsupported(changed, RSA_SHA256) == "RSA with an exponent of 65 bits"


@pytest.mark.parametrize(
    ("parameters", "what"),
    [
        (pss_parameters("1.2.3.4"), "1.2.3.4"),
        (pss_parameters(SHA256, "1.2.3.4"), "1.2.3.4"),
        (pss_parameters(GOST_2004.digest), "GOST 34.311-95"),
        (pss_parameters(trailer=2), "RSASSA-PSS trailer"),
        (der.sequence(der.explicit(1, der.sequence(der.oid("1.2.3"), der.NULL))), "1.2.3"),
        (der.sequence(der.explicit(1, der.sequence(der.oid(MGF1)))), MGF1),
    ],
)
def test_unknown_pss_parameters_are_not_supported(parameters: bytes, what: str) -> None:
    key = public_key(rsa_pair().public_key())
    assert unsupported(key, AlgorithmIdentifier(PSS, parameters)) == what


@pytest.mark.parametrize(
    ("parameters", "what"),
    [
        (der.oid("1.3.132.0.10"), "secp256k1"),
        (der.oid("1.2.3.4"), "1.2.3.4"),
        (der.sequence(der.integer(1)), "elliptic curve without a name"),
        (der.NULL, "elliptic curve without a name"),
    ],
)
def test_unknown_curves_are_not_supported(parameters: bytes, what: str) -> None:
    key = with_key(public_key(ec_pair().public_key()), parameters=parameters)
    assert unsupported(key, ECDSA_SHA256) == what


@every_kind
def test_unknown_gost_curves_are_not_supported(kind: Kind) -> None:
    parameters = der.sequence(der.oid("1.2.643.2.2.35.1"), der.oid(kind.digest))
    key = with_key(gost_key(kind), parameters=parameters)
    assert unsupported(key, AlgorithmIdentifier(kind.signature)) == "1.2.643.2.2.35.1"


def test_what_openssl_was_built_without_is_not_supported(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise exceptions.UnsupportedAlgorithm("SHA-256")

    monkeypatch.setattr(rsa.RSAPublicNumbers, "public_key", refuse)
    assert unsupported(public_key(rsa_pair().public_key()), RSA_SHA256) == "RSA with SHA-256"


# Whatever comes in.


@pytest.mark.attacks
@pytest.mark.usefixtures("untraced")
@every_scheme
def test_no_damage_makes_a_check_fail_otherwise_or_take_long(label: str) -> None:
    key, algorithm, digest_oid, signature = usual()[label]
    randomness = random.Random(label)
    slowest = 0.0
    for _ in range(150):
        fields = [key.algorithm.parameters or b"", key.bits, algorithm.parameters or b"", signature]
        place = randomness.randrange(4)
        fields[place] = damaged(fields[place], randomness)
        changed = PublicKey(AlgorithmIdentifier(key.algorithm.oid, fields[0]), fields[1], b"")
        started = time.process_time()
        with contextlib.suppress(UnsupportedAlgorithm):
            named = AlgorithmIdentifier(algorithm.oid, fields[2])
            verify_signature(changed, named, digest_oid, MESSAGE, fields[3])
        slowest = max(slowest, time.process_time() - started)
    assert slowest < 0.1


def damaged(data: bytes, randomness: random.Random) -> bytes:
    """Change, take away or add some bytes."""
    changed = bytearray(data)
    place = randomness.randrange(len(changed) + 1)
    added = randomness.randbytes(randomness.randrange(4))
    changed[place : place + randomness.randrange(4)] = added
    return bytes(changed)


@pytest.mark.attacks
@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("bits", [16_384, 4096])
def test_the_costliest_rsa_key_takes_little(bits: int) -> None:
    key = public_key(rsa_pair().public_key())
    slow = with_key(key, bits=rsa_bits((1 << bits) - 159, (1 << 64) - 1))
    started = time.process_time()
    assert not verify_signature(slow, RSA_SHA256, None, MESSAGE, b"\1" * (bits // 8))
    assert time.process_time() - started < allowed(0.1)


@pytest.mark.attacks
@pytest.mark.usefixtures("untraced")
@every_kind
def test_a_gost_signature_is_checked_soon(kind: Kind) -> None:
    key, signature = gost_key(kind), gost_signature(kind)
    algorithm = AlgorithmIdentifier(kind.signature)
    verify_signature(key, algorithm, None, MESSAGE, signature)
    times = []
    for _ in range(5):
        started = time.process_time()
        verify_signature(key, algorithm, None, MESSAGE, signature)
        times.append(time.process_time() - started)
    # It is 5 ms with 512 bits and 2 ms with 256; a busy machine is slower.
    assert min(times) < 0.03
