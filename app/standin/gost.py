"""A test key of GOST R 34.10-2012 with 512 bits, as the NCA's keys are. It guards nothing.

Points are affine, and time depends on the secret: for test keys that does not matter.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TypeAlias

from app.cms import STREEBOG_512, ContentBudget, hash_content
from app.standin import der

Point: TypeAlias = tuple[int, int]

#: Bytes of a coordinate, of each half of a signature, and of the digest.
SIZE = 64
# id-tc26-gost-3410-12-512-paramSetA (RFC 7836 appendix A.1).
_P, _A = 2**512 - 569, -3
_Q = int(
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
    "27e69532f48d89116ff22b8d4e0560609b4b38abfad2b85dcacdb1411f10b275",
    16,
)
_BASE: Point = (
    3,
    int(
        "7503cfe87a836ae3a61b8816e25450e6ce5e1c93acf1abc1778064fdcbefa921"
        "df1626be4fd036e93d75e6a50e3a41e98028fe5fc235f5b889a589cb5215f2a4",
        16,
    ),
)
# Kazakhstan's identifiers: of the key, its curve, the digest, and the signature.
_KEY, _CURVE = "1.2.398.3.10.1.1.2.2", "1.2.398.3.10.1.1.2.2.1"
DIGEST, SIGNATURE = STREEBOG_512, "1.2.398.3.10.1.1.2.3.2"


def digest(message: bytes) -> bytes:
    """Return the digest of a message by Streebog-512."""
    return hash_content(message, [STREEBOG_512], (), ContentBudget()).require(STREEBOG_512)


def _random() -> int:
    return secrets.randbelow(_Q - 1) + 1


@dataclass(frozen=True, slots=True)
class GostKey:
    """A key; `secret` is d of RFC 7091."""

    secret: int = field(default_factory=_random, repr=False)

    def public_key_info(self) -> bytes:
        """Encode the public key as a SubjectPublicKeyInfo; numbers are little-endian."""
        algorithm = der.sequence(
            der.identifier(_KEY), der.sequence(der.identifier(_CURVE), der.identifier(DIGEST))
        )
        return der.sequence(algorithm, der.bits(der.tlv(der.OCTETS, _pair(*_times(self.secret)))))

    def sign(self, message: bytes) -> bytes:
        """Sign a message (RFC 7091 section 6.1); the halves are little-endian, r first."""
        alpha = int.from_bytes(digest(message), "little") % _Q or 1
        k = _random()
        r = _times(k)[0] % _Q
        return _pair(r, (r * self.secret + k * alpha) % _Q)


def _pair(first: int, second: int) -> bytes:
    return first.to_bytes(SIZE, "little") + second.to_bytes(SIZE, "little")


def _times(factor: int) -> Point:
    """Return a multiple of the base; the factor is from 1 to q - 1."""
    total: Point | None = None
    for bit in f"{factor:b}":
        total = total and _add(total, total)
        if bit == "1":
            total = _add(total, _BASE) if total else _BASE
    assert total is not None  # noqa: S101  # for types: the factor isn't 0
    return total


def _add(one: Point, other: Point) -> Point:
    """Add two points whose sum is not the point at infinity."""
    (x1, y1), (x2, y2) = one, other
    if one == other:
        slope = (3 * x1 * x1 + _A) * pow(2 * y1, -1, _P)
    else:
        slope = (y2 - y1) * pow(x2 - x1, -1, _P)
    x = (slope * slope - x1 - x2) % _P
    return x, (slope * (x1 - x) - y1) % _P
