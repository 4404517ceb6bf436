"""Keys that sign as the NCA's GOST keys do (RFC 7091 section 6.1), for tests alone.

Everything follows from the seed: the key, and the number k of each signature. Nothing here guards
a secret.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property

from app.cms.algorithms.gost.curves import CRYPTO_PRO_A, TC26_256_A, TC26_512_A, Curve, Point
from tests import der


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of GOST key, with the identifiers that Kazakhstan gives to what belongs to it.

    `digest` is what a SignerInfo names, `key_digest` what the key's parameters name.
    """

    curve: Curve
    key: str
    key_curve: str
    key_digest: str
    digest: str
    signature: str


GOST_2015_512 = Kind(
    curve=TC26_512_A,
    key="1.2.398.3.10.1.1.2.2",
    key_curve="1.2.398.3.10.1.1.2.2.1",
    key_digest="1.2.398.3.10.1.3.3",
    digest="1.2.398.3.10.1.3.3",
    signature="1.2.398.3.10.1.1.2.3.2",
)
GOST_2015_256 = Kind(
    curve=TC26_256_A,
    key="1.2.398.3.10.1.1.2.1",
    key_curve="1.2.398.3.10.1.1.2.1.1",
    key_digest="1.2.398.3.10.1.3.2",
    digest="1.2.398.3.10.1.3.2",
    signature="1.2.398.3.10.1.1.2.3.1",
)
GOST_2004 = Kind(
    curve=CRYPTO_PRO_A,
    key="1.2.398.3.10.1.1.1.1",
    key_curve="1.2.398.3.10.1.1.1.1.1",
    key_digest="1.2.398.3.10.1.3.1.1.0",
    digest="1.2.398.3.10.1.3.1",
    signature="1.2.398.3.10.1.1.1.2",
)


@dataclass(frozen=True)
class GostKey:
    """A pair of keys; `secret` is d of RFC 7091."""

    kind: Kind
    secret: int

    @classmethod
    def generate(cls, kind: Kind, seed: str) -> "GostKey":
        """Make the key that belongs to the seed."""
        return cls(kind, _number(kind.curve, seed.encode()))

    @cached_property
    def point(self) -> Point:
        """The public key, Q."""
        curve = self.kind.curve
        return curve.to_affine(curve.combine(self.secret, curve.base, 0))

    def public_key_info(self) -> bytes:
        """Encode the public key as a SubjectPublicKeyInfo."""
        kind = self.kind
        parameters = der.sequence(der.oid(kind.key_curve), der.oid(kind.key_digest))
        algorithm = der.sequence(der.oid(kind.key), parameters)
        return der.sequence(algorithm, der.bits(der.octets(pair(kind.curve, *self.point))))

    def sign(self, digest: bytes) -> bytes:
        """Sign a message with that digest."""
        curve = self.kind.curve
        alpha = int.from_bytes(digest, "little") % curve.q or 1
        k = _number(curve, self.secret.to_bytes(curve.size, "little") + digest)
        r = curve.to_affine(curve.combine(k, curve.base, 0))[0] % curve.q
        return pair(curve, r, (r * self.secret + k * alpha) % curve.q)


def pair(curve: Curve, first: int, second: int) -> bytes:
    """Write two numbers side by side, each in the size of a coordinate."""
    return first.to_bytes(curve.size, "little") + second.to_bytes(curve.size, "little")


def _number(curve: Curve, seed: bytes) -> int:
    """Return a number from 1 to q - 1 that can't be guessed without the seed."""
    wide = hashlib.shake_256(seed).digest(2 * curve.size)
    return int.from_bytes(wide, "little") % (curve.q - 1) + 1
