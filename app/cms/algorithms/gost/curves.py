"""Signatures of GOST R 34.10-2012 and 34.10-2001, checked on their curves (RFC 7091).

Points are affine, (x, y), or Jacobian: (X, Y, Z) is x = X/Z^2, y = Y/Z^3, and with Z = 0 it is the
point at infinity. Nothing computed here is secret, so constant time is not needed.
"""

from functools import cached_property
from itertools import zip_longest
from typing import TypeAlias

Point: TypeAlias = tuple[int, int]
Jacobian: TypeAlias = tuple[int, int, int]

# How many odd multiples are computed of a key, and of a base point (cached): powers of two.
_KEY_MULTIPLES = 8
_BASE_MULTIPLES = 64


class Curve:
    """A curve y^2 = x^3 + ax + b modulo p, and on it a point `base` of the prime order q.

    `size` is the number of bytes of a coordinate, and of each half of a signature.
    """

    def __init__(self, p: int, a: int, b: int, q: int, base: Point) -> None:
        """Take the parameters by the names of RFC 7091 section 5.2; `a` may be negative."""
        self.p, self.a, self.b, self.q, self.base = p, a, b, q, base
        self.size = (p.bit_length() + 7) // 8
        self._bits = p.bit_length()
        self._mask = (1 << self._bits) - 1
        self._excess = (1 << self._bits) - p

    def verify(self, key: Point, digest: int, r: int, s: int) -> bool:
        """Check a signature (RFC 7091 section 6.2), the digest being alpha there."""
        q = self.q
        if not (0 < r < q and 0 < s < q and self.is_key(key)):
            return False
        inverse = pow(digest % q or 1, -1, q)
        x = self.sum_x(s * inverse % q, key, -r * inverse % q)
        return x is not None and x % q == r

    def sum_x(self, factor: int, key: Point, key_factor: int) -> int | None:
        """Return x of factor * base + key_factor * key, or None for the point at infinity."""
        point = self.combine(factor, key, key_factor)
        return self.to_affine(point)[0] if point[2] else None

    def is_key(self, point: Point) -> bool:
        """Return whether a point is on the curve and does not have order 1, 2 or 4.

        With a point of such an order as the key, which some curves have, anyone could forge
        signatures.
        """
        x, y = point
        if not (0 <= x < self.p and 0 <= y < self.p):
            return False
        if (y * y - (x * x + self.a) * x - self.b) % self.p:
            return False
        return self._double(self._double((x, y, 1)))[2] != 0

    def combine(self, factor: int, key: Point, key_factor: int) -> Jacobian:
        """Return factor * base + key_factor * key; the factors are not negative."""
        of_base = self._summands(factor, self._base_multiples)
        of_key = self._summands(key_factor, self._odd_multiples(key, _KEY_MULTIPLES))
        total = (1, 1, 0)
        for pair in reversed(list(zip_longest(of_base, of_key))):
            total = self._double(total)
            for point in pair:
                if point:
                    total = self._add(total, point)
        return total

    def to_affine(self, point: Jacobian) -> Point:
        """Return the same point, affine. Raises ValueError for the point at infinity."""
        x, y, z = point
        inverse = pow(z, -1, self.p)
        square = inverse * inverse % self.p
        return x * square % self.p, y * square * inverse % self.p

    @cached_property
    def _base_multiples(self) -> list[Point]:
        return self._odd_multiples(self.base, _BASE_MULTIPLES)

    def _odd_multiples(self, point: Point, count: int) -> list[Point]:
        """Return the point, three times the point, five times, and so on."""
        twice = self.to_affine(self._double((*point, 1)))
        multiples = [point]
        while len(multiples) < count:
            multiples.append(self.to_affine(self._add((*multiples[-1], 1), twice)))
        return multiples

    def _summands(self, factor: int, multiples: list[Point]) -> list[Point | None]:
        """Write a factor in signed odd digits, most of them zero, the lowest first.

        Each digit is given as that multiple of the point.
        """
        base = 4 * len(multiples)
        summands: list[Point | None] = []
        while factor:
            summand = None
            if factor & 1:
                digit = factor % base
                if digit < base // 2:
                    summand = multiples[digit // 2]
                else:
                    digit -= base
                    x, y = multiples[-digit // 2]
                    summand = x, self.p - y
                factor -= digit
            summands.append(summand)
            factor >>= 1
        return summands

    def _double(self, point: Jacobian) -> Jacobian:
        p, fold = self.p, self._fold
        x, y, z = point
        yy = fold(y * y)
        zz = fold(z * z)
        s = fold(4 * x * yy)
        if self.a == -3:
            m = 3 * fold((x - zz) * (x + zz))
        else:
            m = 3 * fold(x * x) + fold(self.a * fold(zz * zz))
        x = (fold(m * m) - 2 * s) % p
        return x, fold(m * (s - x) - 8 * yy * yy) % p, fold(2 * y * z) % p

    def _add(self, point: Jacobian, summand: Point) -> Jacobian:
        p, fold = self.p, self._fold
        x, y, z = point
        if not z:
            return *summand, 1
        zz = fold(z * z)
        h = (fold(summand[0] * zz) - x) % p
        r = (fold(summand[1] * fold(z * zz)) - y) % p
        if not h:
            return (1, 1, 0) if r else self._double(point)
        hh = fold(h * h)
        hhh = fold(h * hh)
        v = fold(x * hh)
        x = (fold(r * r) - hhh - 2 * v) % p
        return x, fold(r * (v - x) - y * hhh) % p, fold(z * h) % p

    def _fold(self, product: int) -> int:
        """Return a number congruent to `product` modulo p, and not much longer than p.

        That takes half the time of a division if p is just below a power of two.
        """
        return (product & self._mask) + self._excess * (product >> self._bits)


# RFC 7836 appendix A.1, id-tc26-gost-3410-12-512-paramSetA.
TC26_512_A = Curve(
    p=2**512 - 569,
    a=-3,
    b=int(
        "e8c2505dedfc86ddc1bd0b2b6667f1da34b82574761cb0e879bd081cfd0b6265"
        "ee3cb090f30d27614cb4574010da90dd862ef9d4ebee4761503190785a71c760",
        16,
    ),
    q=int(
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
        "27e69532f48d89116ff22b8d4e0560609b4b38abfad2b85dcacdb1411f10b275",
        16,
    ),
    base=(
        3,
        int(
            "7503cfe87a836ae3a61b8816e25450e6ce5e1c93acf1abc1778064fdcbefa921"
            "df1626be4fd036e93d75e6a50e3a41e98028fe5fc235f5b889a589cb5215f2a4",
            16,
        ),
    ),
)

# RFC 7836 appendix A.2, id-tc26-gost-3410-2012-256-paramSetA.
TC26_256_A = Curve(
    p=2**256 - 617,
    a=0xC2173F1513981673AF4892C23035A27CE25E2013BF95AA33B22C656F277E7335,
    b=0x295F9BAE7428ED9CCC20E7C359A9D41A22FCCD9108E17BF7BA9337A6F8AE9513,
    q=0x400000000000000000000000000000000FD8CDDFC87B6635C115AF556C360C67,
    base=(
        0x91E38443A5E82C0D880923425712B2BB658B9196932E02C78B2582FE742DAA28,
        0x32879423AB1A0375895786C4BB46E9565FDE0B5344766740AF268ADB32322E5C,
    ),
)

# RFC 4357 section 11.4, id-GostR3410-2001-CryptoPro-A-ParamSet.
CRYPTO_PRO_A = Curve(
    p=2**256 - 617,
    a=-3,
    b=0xA6,
    q=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF6C611070995AD10045841B09B761B893,
    base=(1, 0x8D91E471E0989CDA27DF505A453F2B7635294F2DDF23E3B122ACC99C9E9F1E14),
)
