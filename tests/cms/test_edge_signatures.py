"""Signature values at the edges of what is one, thousands of them, from a seed.

The kinds are those of Project Wycheproof. The judge shares nothing with what is tested: a value of
RSASSA-PKCS1-v1_5 is the only one for its message and key, one of ECDSA has a twin, and whatever
else is accepted is a mistake. So no mutant may verify that isn't the value itself, re-encoded.
"""

import random
from collections.abc import Callable, Iterator

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import utils

from app.cms.algorithms.registry import AlgorithmIdentifier
from tests import der
from tests.cms.edges import SEED, accepts, flips
from tests.cms.signing import (
    HASHES,
    KINDS,
    MESSAGE,
    PSS,
    RSA,
    RSA_SHA256,
    SHA256,
    gost_key,
    gost_signature,
    oid_of,
    pss_parameters,
    pss_signature,
    public_key,
    rsa_pair,
    rsa_signature,
    with_key,
)
from tests.gost_signer import Kind

every_gost = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def digest_infos() -> list[bytes]:
    """Encode DigestInfo (RFC 8017 section 9.2), nearly as it should be."""
    hashed = hashes.Hash(hashes.SHA256())
    hashed.update(MESSAGE)
    digest = hashed.finalize()
    sha256, sha1 = der.oid(SHA256), der.oid("1.3.14.3.2.26")
    usual = der.sequence(sha256, der.NULL)
    value = der.octets(digest)
    listed = [
        der.sequence(der.sequence(sha256), value),
        der.sequence(der.sequence(sha256, der.NULL, der.NULL), value),
        der.sequence(der.sequence(sha256, b"\5\x81\0"), value),
        der.sequence(der.sequence(sha256, der.sequence()), value),
        der.sequence(der.sequence(sha1, der.NULL), value),
        der.sequence(usual, value, der.NULL),
        der.sequence(usual, der.octets(digest[:-1])),
        der.sequence(usual, der.octets(digest + b"\0")),
        der.sequence(usual, der.octets(b"")),
        der.sequence(usual, b"\4\x81\x20" + digest),
        der.sequence(usual, b"\x24\x22" + value),
        b"\x30\x80" + usual + value + b"\0\0",
        b"\x30\x81\x31" + usual + value,
        b"\x31" + der.sequence(usual, value)[1:],
        value,
        digest,
    ]
    return [*listed, der.sequence(usual, value)]


def encoded_messages(size: int) -> Iterator[bytes]:
    """Pad each of them, rightly and wrongly: the last is as it should be."""
    for info in digest_infos():
        fill = size - 3 - len(info)
        yield b"\0\2" + b"\xff" * fill + b"\0" + info
        yield b"\0\0" + b"\xff" * fill + b"\0" + info
        yield b"\1\1" + b"\xff" * fill + b"\0" + info
        yield b"\0\1" + b"\xff" * (fill - 1) + b"\xfe\0" + info
        yield b"\0\1" + b"\0" * fill + b"\0" + info
        yield b"\0\1" + b"\xff" * fill + b"\1" + info
        for short in (0, 1, 8, fill - 1):  # Bleichenbacher's of 2006: the rest is at the end.
            yield b"\0\1" + b"\xff" * short + b"\0" + info + b"\xff" * (fill - short)
            yield b"\0\1" + b"\xff" * short + b"\0" + info + b"\0" * (fill - short)
        yield b"\0\1" + b"\xff" * fill + b"\0" + info


@pytest.mark.slow
def test_of_rsa_there_is_one_value() -> None:
    numbers = rsa_pair().private_numbers()
    modulus, size = numbers.public_numbers.n, 256
    key, right = public_key(rsa_pair().public_key()), rsa_signature()
    values = [
        pow(int.from_bytes(message, "big"), numbers.d, modulus).to_bytes(size, "big")
        for message in encoded_messages(size)
    ]
    assert values[-1] == right
    number = int.from_bytes(right, "big")
    odd = (0, 1, 2, modulus - 1, modulus, modulus + 1, number + modulus, modulus - number)
    values += [one.to_bytes(257, "big").removeprefix(b"\0") for one in odd]
    values += flips(random.Random(SEED), right, 100)
    for algorithm in (RSA_SHA256, AlgorithmIdentifier(RSA, der.NULL)):
        assert {value for value in values if accepts(key, algorithm, value)} == {right}


def test_pss_verifies_with_the_parameters_that_it_was_made_with() -> None:
    dice = random.Random(SEED)
    key = public_key(rsa_pair().public_key())
    names = ("SHA-1", "SHA-256", "SHA-384", "SHA-512")
    made = [
        (dice.choice(names), dice.choice(names), dice.choice((0, 1, 20, 32, 48, 64)))
        for _ in range(24)
    ]
    signatures = {one: pss_signature(HASHES[one[0]], HASHES[one[1]], one[2]) for one in made}
    for one, signature in signatures.items():
        for other in made:
            parameters = pss_parameters(oid_of(other[0]), oid_of(other[1]), other[2])
            algorithm = AlgorithmIdentifier(PSS, parameters)
            assert accepts(key, algorithm, signature, oid_of(other[0])) is (one == other)
        parameters = pss_parameters(oid_of(one[0]), oid_of(one[1]), one[2])
        for mutant in flips(dice, signature, 2):
            algorithm = AlgorithmIdentifier(PSS, parameters)
            assert not accepts(key, algorithm, mutant, oid_of(one[0]))
        assert not accepts(key, RSA_SHA256, signature)


@every_gost
def test_of_gost_there_is_one_value(kind: Kind) -> None:
    key, right, size, order = gost_key(kind), gost_signature(kind), kind.curve.size, kind.curve.q
    algorithm = AlgorithmIdentifier(kind.signature)
    r, s = (int.from_bytes(half, "little") for half in (right[:size], right[size:]))
    odd = (0, 1, order - 1, order, order + 1, (1 << 8 * size) - 1)
    pairs = [(first, second) for first in (*odd, r, order - r) for second in (*odd, s, order - s)]
    pairs += [(s, r), (r + order, s), (r, s + order), (r + order, s + order)]
    write: Callable[[int], bytes] = lambda number: number.to_bytes(size, "little")  # noqa: E731
    limit = 1 << 8 * size
    values = [write(one) + write(two) for one, two in pairs if max(one, two) < limit]
    values += [right[::-1], right[size:] + right[:size], der.octets(right)]
    values += [right[:size][::-1] + right[size:][::-1], utils.encode_dss_signature(r, s)]
    values += flips(random.Random(SEED), right, 8)
    passed = {value for value in values if accepts(key, algorithm, value, kind.digest)}
    assert passed == {right}


@every_gost
def test_a_gost_key_that_is_no_point_verifies_nothing(kind: Kind) -> None:
    key, right, size = gost_key(kind), gost_signature(kind), kind.curve.size
    algorithm = AlgorithmIdentifier(kind.signature)
    point = key.bits[-2 * size :]
    x, y = point[:size], point[size:]
    others = [bytes(2 * size), b"\xff" * 2 * size, y + x, x + x, point[::-1], point[:-1]]
    others += [x + bytes((y[0] ^ 1,)) + y[1:], x + bytes(size), bytes(size) + y, b"\4" + point]
    for other in others:
        assert not accepts(with_key(key, bits=der.octets(other)), algorithm, right, kind.digest)
    assert not accepts(with_key(key, bits=point), algorithm, right, kind.digest)
    assert accepts(key, algorithm, right, kind.digest)
