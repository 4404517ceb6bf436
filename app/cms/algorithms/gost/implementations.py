"""Which code computes GOST: system libraries where they are installed and correct, else Python.

A library counts as correct if it agrees with the plain Python on inputs at which such code has been
wrong before.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.cms.algorithms.gost import libcrypto, libgcrypt
from app.cms.algorithms.gost.curves import CRYPTO_PRO_A, TC26_256_A, TC26_512_A, Curve
from app.cms.algorithms.gost.gost94 import plain_gost_94_crypto_pro, plain_gost_34311
from app.cms.algorithms.gost.libcrypto import Libcrypto, LibcryptoCurve, LibcryptoError
from app.cms.algorithms.gost.libgcrypt import Libgcrypt
from app.cms.algorithms.gost.octets import HashFunction
from app.cms.algorithms.gost.streebog import plain_streebog_256, plain_streebog_512

PLAIN = "plain Python"
#: The Debian package that an operator can install where GOST runs in plain Python.
REMEDY = "libgcrypt20"

# The empty message, one with a partial block, and one whose sum of blocks carries across all words.
_SAMPLES = (b"", bytes(range(50)), b"\xff" * 64 + b"\x01" + bytes(63) + b"\xff")


@dataclass(frozen=True, slots=True)
class Digests:
    """The four hash functions, and the name of their implementation."""

    streebog_256: HashFunction
    streebog_512: HashFunction
    gost_34311: HashFunction
    gost_94_crypto_pro: HashFunction
    provider: str

    def functions(self) -> tuple[HashFunction, ...]:
        """Return the four functions."""
        return self.streebog_256, self.streebog_512, self.gost_34311, self.gost_94_crypto_pro


@dataclass(frozen=True, slots=True)
class Curves:
    """The three curves, and the name of the implementation of their arithmetic."""

    crypto_pro_a: Curve
    tc26_256_a: Curve
    tc26_512_a: Curve
    provider: str

    def curves(self) -> tuple[Curve, ...]:
        """Return the three curves."""
        return self.crypto_pro_a, self.tc26_256_a, self.tc26_512_a


PLAIN_DIGESTS = Digests(
    plain_streebog_256, plain_streebog_512, plain_gost_34311, plain_gost_94_crypto_pro, PLAIN
)
PLAIN_CURVES = Curves(CRYPTO_PRO_A, TC26_256_A, TC26_512_A, PLAIN)


def choose_digests(library: Libgcrypt | None) -> Digests:
    """Return the library's functions if there is a correct library, else those in plain Python."""
    if library is None:
        return PLAIN_DIGESTS
    own = Digests(
        library.hash_function(libgcrypt.STREEBOG_256),
        library.hash_function(libgcrypt.STREEBOG_512),
        library.hash_function(libgcrypt.GOST_94_TEST),
        library.hash_function(libgcrypt.GOST_94_CRYPTO_PRO),
        f"libgcrypt {library.version}",
    )
    pairs = zip(own.functions(), PLAIN_DIGESTS.functions(), strict=True)
    return own if all(_agree(function, plain) for function, plain in pairs) else PLAIN_DIGESTS


def _agree(function: HashFunction, plain: HashFunction) -> bool:
    try:
        return all(function(sample) == plain(sample) for sample in _SAMPLES)
    except OSError:
        return False


def choose_curves(library: Libcrypto | None) -> Curves:
    """Return curves with the library's arithmetic if there is a correct library, else our own."""
    if library is None:
        return PLAIN_CURVES
    try:
        own = [LibcryptoCurve(curve, library) for curve in PLAIN_CURVES.curves()]
        if not all(map(_adds_rightly, own, PLAIN_CURVES.curves())):
            return PLAIN_CURVES
    except LibcryptoError:
        return PLAIN_CURVES
    return Curves(own[0], own[1], own[2], library.version)


def _adds_rightly(curve: LibcryptoCurve, plain: Curve) -> bool:
    """Compare two sums with plain Python: one that uses both points fully, and one at infinity."""
    factors = plain.q // 3, plain.base, plain.q // 5
    return (
        curve.sum_x_by_library(*factors) == plain.sum_x(*factors)
        and curve.sum_x_by_library(7, plain.base, plain.q - 7) is None
    )


DIGESTS = choose_digests(libgcrypt.load())
"""Those in use."""
CURVES = choose_curves(libcrypto.load())
"""Those in use."""


def providers() -> dict[str, str]:
    """Return whose code computes GOST digests, and signatures on its curves."""
    return {"gost_digests": DIGESTS.provider, "gost_curves": CURVES.provider}


def are_curves_fast() -> bool:
    """Return whether signatures on GOST curves are verified by a library in C."""
    return CURVES.provider != PLAIN


def describe(digests: Digests = DIGESTS, curves: Curves = CURVES) -> str:
    """Return one line that names the code that computes GOST, and what would make it faster."""
    line = f"GOST digests: {digests.provider}; curves: {curves.provider}"
    if digests.provider == PLAIN:
        line += f" (contents above 1 MB are not hashed in requests: install {REMEDY})"
    return line
