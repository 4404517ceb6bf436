"""Digests, signature checks and names by object identifier: the only place that dispatches on it.

Whether a signature verifies has three outcomes here: True, False, or UnsupportedAlgorithm. Damage
in a key or in a signature value is False.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from cryptography import exceptions
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, utils

from app.cms.algorithms.gost import implementations as gost
from app.cms.algorithms.gost.curves import Curve
from app.cms.algorithms.gost.octets import HashFunction, Octets
from app.cms.algorithms.names import (
    EC,
    GOST_2004,
    GOST_2015_256,
    GOST_2015_512,
    GOST_34311,
    PLAIN_ECDSA,
    PSS,
    RSA,
    SIGNATURES,
    STREEBOG_256,
    STREEBOG_512,
    name,
)
from app.cms.algorithms.public_keys import (
    HASHES,
    PublicKey,
    encode_plain_ecdsa,
    find_hash,
    read_curve,
    read_pss_parameters,
    verify_ecdsa,
    verify_gost,
    verify_rsa,
)
from app.cms.algorithms.xml_uris import DIGEST_URIS, SIGNATURE_URIS
from app.cms.asn1.oid import AlgorithmIdentifier
from app.cms.errors import MalformedSignature, Undecidable, UnsupportedAlgorithm

__all__ = [
    "DIGESTS",
    "DIGEST_URIS",
    "EC",
    "GOST_2004",
    "GOST_2015_256",
    "GOST_2015_512",
    "GOST_34311",
    "OTHER_DIGEST_NAMES",
    "SIGNATURE_URIS",
    "STREEBOG_256",
    "STREEBOG_512",
    "AlgorithmIdentifier",
    "Message",
    "PublicKey",
    "canonical_digest",
    "digest",
    "implied_digest",
    "name",
    "verify_signature",
]

# GOST key -> the curve that its parameters name, and that curve.
_GOST_CURVES: dict[str, tuple[str, Curve]] = {
    GOST_2004: ("1.2.398.3.10.1.1.1.1.1", gost.CURVES.crypto_pro_a),
    GOST_2015_256: ("1.2.398.3.10.1.1.2.1.1", gost.CURVES.tc26_256_a),
    GOST_2015_512: ("1.2.398.3.10.1.1.2.2.1", gost.CURVES.tc26_512_a),
}


Message: TypeAlias = bytes | Callable[[str], bytes]
"""The signed octets; or a function that returns their digest by object identifier, to hash once."""


@dataclass(frozen=True, slots=True)
class _Signed:
    """The input of a check: the digest is determined, and the key is of the right kind."""

    key: PublicKey
    parameters: bytes | None
    digest: str
    message: Message
    signature: bytes

    def message_and_hash(self) -> tuple[bytes, hashes.HashAlgorithm | utils.Prehashed]:
        """Return what `cryptography` is to check: the message, or the existing digest."""
        hash_ = find_hash(self.digest)
        if callable(self.message):
            return self.message(self.digest), utils.Prehashed(hash_)
        return self.message, hash_


@dataclass(frozen=True, slots=True)
class _Scheme:
    """How a signature algorithm is checked, and with which kind of key.

    `digest` is the one that the algorithm implies; None if it is named elsewhere.
    """

    check: Callable[[_Signed], None]
    keys: tuple[str, ...]
    digest: str | None


def _hashlib_digest(name: str) -> HashFunction:
    def digest_of(*data: Octets) -> bytes:
        hash_ = hashlib.new(name, usedforsecurity=False)
        for piece in data:
            hash_.update(piece)
        return hash_.digest()

    return digest_of


DIGESTS: dict[str, HashFunction] = {
    **{oid: _hashlib_digest(hash_.name.replace("sha3-", "sha3_")) for oid, hash_ in HASHES.items()},
    GOST_34311: gost.DIGESTS.gost_34311,
    "1.2.398.3.10.1.3.1.1.0": gost.DIGESTS.gost_34311,  # The name used for public keys.
    STREEBOG_256: gost.DIGESTS.streebog_256,
    STREEBOG_512: gost.DIGESTS.streebog_512,
    # The Russian identifiers: RFC 7836 and RFC 4357.
    "1.2.643.7.1.1.2.2": gost.DIGESTS.streebog_256,
    "1.2.643.7.1.1.2.3": gost.DIGESTS.streebog_512,
    "1.2.643.2.2.9": gost.DIGESTS.gost_94_crypto_pro,
}
"""Digest object identifier -> function. Two that share a function are the same algorithm."""


def _find_other_names() -> dict[str, str]:
    """Return each further identifier of a function, with the first one in DIGESTS."""
    first: dict[HashFunction, str] = {}
    found = {oid: first.setdefault(function, oid) for oid, function in DIGESTS.items()}
    return {oid: chosen for oid, chosen in found.items() if oid != chosen}


OTHER_DIGEST_NAMES: dict[str, str] = _find_other_names()
"""Digest object identifier -> that under which digests by the same function are compared."""


def canonical_digest(oid: str) -> str:
    """Return the identifier under which digests by an algorithm are compared with others.

    Nothing that is signed says by which of its identifiers a SignerInfo names the function (RFC
    5652 section 5.3), so anyone can replace one by another. An unknown algorithm has its own.
    """
    return OTHER_DIGEST_NAMES.get(oid, oid)


def digest(oid: str, *data: Octets) -> bytes:
    """Hash `data`, all pieces of it, by object identifier. Raises UnsupportedAlgorithm.

    An mmap or a memoryview is never copied as a whole.
    """
    function = DIGESTS.get(oid)
    if function is None:
        raise UnsupportedAlgorithm(name(oid))
    return function(*data)


@lru_cache(maxsize=64)
def digest_size(oid: str) -> int:
    """Return how many octets a digest has. Raises UnsupportedAlgorithm."""
    return len(digest(oid, b""))


def implied_digest(algorithm: AlgorithmIdentifier) -> str | None:
    """Return the digest that a signature algorithm implies, or its PSS parameters name.

    None if it is named elsewhere, or if the algorithm is unknown or damaged: that never verifies.
    """
    if algorithm.oid == PSS:
        try:
            return read_pss_parameters(algorithm.parameters).digest
        except (MalformedSignature, ValueError, UnsupportedAlgorithm):
            return None
    scheme = _SCHEMES.get(algorithm.oid)
    return scheme.digest if scheme else None


def verify_signature(
    key: PublicKey,
    algorithm: AlgorithmIdentifier,
    digest_algorithm: str | None,
    message: Message,
    signature: bytes,
) -> bool:
    """Return whether the holder of `key` signed `message` with `signature`.

    `digest_algorithm` is the one that a SignerInfo declares, or None if only the signature
    algorithm names it. Also False if the key is of another kind, or if key or signature are
    damaged. Raises Undecidable if both name different digests (some programs use the one, some the
    other), UnsupportedAlgorithm if key, curve, digest or signature algorithm is not supported, and
    whatever a function given as the message raises.
    """
    scheme = _SCHEMES.get(algorithm.oid)
    if scheme is None:
        raise UnsupportedAlgorithm(name(algorithm.oid))
    if key.algorithm.oid not in _KEYS:
        raise UnsupportedAlgorithm(name(key.algorithm.oid))
    if key.algorithm.oid not in scheme.keys:
        return False
    try:
        settled = _settle_digest(algorithm, scheme, digest_algorithm)
        scheme.check(_Signed(key, algorithm.parameters, settled, message, signature))
    except (exceptions.InvalidSignature, MalformedSignature, ValueError):
        return False
    except exceptions.UnsupportedAlgorithm as error:  # An OpenSSL built without this algorithm.
        raise UnsupportedAlgorithm(name(algorithm.oid)) from error
    return True


def _settle_digest(algorithm: AlgorithmIdentifier, scheme: _Scheme, declared: str | None) -> str:
    """Return the digest that the signature is over. Raises Undecidable if two are named."""
    implied = scheme.digest
    if algorithm.oid == PSS:
        implied = read_pss_parameters(algorithm.parameters).digest
    settled = implied or declared
    if settled is None:
        raise UnsupportedAlgorithm(name(algorithm.oid))
    for oid in (settled, declared or settled):
        if oid not in DIGESTS:
            raise UnsupportedAlgorithm(name(oid))
    if declared and DIGESTS[declared] is not DIGESTS[settled]:
        raise Undecidable(
            "two digest algorithms are named: {declared} and {settled}",
            declared=name(declared),
            settled=name(settled),
        )
    return settled


def _check_rsa(signed: _Signed) -> None:
    message, hash_ = signed.message_and_hash()
    verify_rsa(signed.key.bits, padding.PKCS1v15(), hash_, message, signed.signature)


def _check_pss(signed: _Signed) -> None:
    parameters = read_pss_parameters(signed.parameters)
    key = signed.key
    if key.algorithm.oid == PSS and key.algorithm.parameters is not None:
        # Restrictions in the key itself (RFC 4055 section 3.3).
        least = read_pss_parameters(key.algorithm.parameters)
        if (least.digest, least.mask_digest) != (parameters.digest, parameters.mask_digest):
            raise ValueError("key is for another digest")
        if parameters.salt_length < least.salt_length:
            raise ValueError("salt is shorter than the key requires")
    message, hash_ = signed.message_and_hash()
    verify_rsa(key.bits, parameters.padding, hash_, message, signed.signature)


def _check_ecdsa(signed: _Signed, signature: bytes | None = None) -> None:
    key = signed.key
    message, hash_ = signed.message_and_hash()
    verify_ecdsa(
        key.algorithm.parameters,
        key.bits,
        hash_,
        message,
        signed.signature if signature is None else signature,
    )


def _check_plain_ecdsa(signed: _Signed) -> None:
    _check_ecdsa(signed, encode_plain_ecdsa(signed.key.algorithm.parameters, signed.signature))


def _check_gost(signed: _Signed) -> None:
    key = signed.key
    known, curve = _GOST_CURVES[key.algorithm.oid]
    named = read_curve(key.algorithm.parameters)
    if named != known:
        raise UnsupportedAlgorithm(name(named))
    message = signed.message
    hashed = (
        digest(signed.digest, message) if isinstance(message, bytes) else message(signed.digest)
    )
    verify_gost(curve, key.bits, hashed, signed.signature)


_CHECKS = {
    RSA: _check_rsa,
    EC: _check_ecdsa,
    GOST_2004: _check_gost,
    GOST_2015_256: _check_gost,
    GOST_2015_512: _check_gost,
}
# SignerInfos may name the kind of key instead of the signature algorithm (RFC 5754 section 3.2):
# for RSA and ECDSA the digest is then named elsewhere. KalkanCrypt writes the kind of key for GOST
# too.
_SCHEMES: dict[str, _Scheme] = {
    RSA: _Scheme(_check_rsa, (RSA,), None),
    PSS: _Scheme(_check_pss, (RSA, PSS), None),
    EC: _Scheme(_check_ecdsa, (EC,), None),
    GOST_2004: _Scheme(_check_gost, (GOST_2004,), GOST_34311),
    GOST_2015_256: _Scheme(_check_gost, (GOST_2015_256,), STREEBOG_256),
    GOST_2015_512: _Scheme(_check_gost, (GOST_2015_512,), STREEBOG_512),
    **{oid: _Scheme(_CHECKS[key], (key,), digest) for oid, (key, digest) in SIGNATURES.items()},
    **{oid: _Scheme(_check_plain_ecdsa, (key,), own) for oid, (key, own) in PLAIN_ECDSA.items()},
}
_KEYS = {key for scheme in _SCHEMES.values() for key in scheme.keys}
