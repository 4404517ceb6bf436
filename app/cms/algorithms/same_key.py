"""Whether two SubjectPublicKeyInfos hold one public key, however each of them is encoded.

One key has many encodings: a point may be compressed (SEC 1 section 2.3.3), parameters of RSA may
be NULL or absent, a number may have leading zeros, and the key may be restricted to PSS.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache

from app.cms.algorithms.names import EC, GOST_2004, GOST_2015_256, GOST_2015_512, PSS, RSA
from app.cms.algorithms.public_keys import PublicKey, find_curve, read_curve
from app.cms.asn1.node import DAMAGE, read_node
from app.cms.errors import UnsupportedAlgorithm

# Bytes of a SubjectPublicKeyInfo that is looked into; a signature may bring 1,024 certificates. The
# largest supported key, RSA of 16,384 bits, has 2,100.
_MAX_SIZE = 4096


def identify_key(key: PublicKey) -> Hashable:
    """Return a value that is equal for two encodings of one key, and for no other keys in use.

    A key with which no signature can be checked, because it is damaged or not supported, is equal
    to its own encoding only. Costs no computing on curves.
    """
    return key.der if len(key.der) > _MAX_SIZE else _identify(key)


@lru_cache(maxsize=512)
def _identify(key: PublicKey) -> Hashable:
    """Return it for a key of bounded size; the last 512 are remembered, as certificates are."""
    identify = _IDENTIFIED.get(key.algorithm.oid)
    if identify is None:
        return key.der
    try:
        return identify(key)
    except (UnsupportedAlgorithm, *DAMAGE):
        return key.der


def _identify_rsa(key: PublicKey) -> Hashable:
    """Return modulus and exponent (RFC 8017 appendix A.1.1)."""
    modulus, exponent = (field.integer(len(key.bits)) for field in read_node(key.bits).elements(2))
    return RSA, modulus, exponent


def _identify_ec(key: PublicKey) -> Hashable:
    """Return the curve, x, and whether y is odd.

    These determine the point. Another y beside them is no point of the curve, so that nothing
    verifies with it.
    """
    curve, point = find_curve(key.algorithm.parameters), key.bits
    size = (curve.key_size + 7) // 8
    form, x, y = point[0], point[1 : 1 + size], point[1 + size :]
    if len(x) != size or (form, len(y)) not in {(4, size), (2, 0), (3, 0)}:
        raise ValueError("not a point in a form that is supported")
    return EC, curve.name, x, (y[-1] if y else form) & 1


def _identify_gost(key: PublicKey) -> Hashable:
    """Return the curve, and the point, which has one encoding (`public_keys.verify_gost`)."""
    return key.algorithm.oid, read_curve(key.algorithm.parameters), key.bits


_IDENTIFIED = {
    RSA: _identify_rsa,
    PSS: _identify_rsa,
    EC: _identify_ec,
    GOST_2004: _identify_gost,
    GOST_2015_256: _identify_gost,
    GOST_2015_512: _identify_gost,
}
