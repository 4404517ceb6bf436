"""Pairs of keys of every kind, each by a name, and the identifiers of what they sign with."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import count

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from app.cms.algorithms import registry as algorithms
from app.cms.asn1.node import read_node
from tests.gost_signer import GostKey, Kind

MD5 = "1.2.840.113549.2.5"
SHA256 = "2.16.840.1.101.3.4.2.1"
SHA1 = "1.3.14.3.2.26"
RSA = "1.2.840.113549.1.1.1"
RSA_MD5 = "1.2.840.113549.1.1.4"
RSA_SHA1 = "1.2.840.113549.1.1.5"
RSA_SHA256 = "1.2.840.113549.1.1.11"
ECDSA_SHA256 = "1.2.840.10045.4.3.2"

#: What RSA signs with: a digest, the name of both, the function.
_WITH: dict[str, tuple[str, hashes.HashAlgorithm]] = {
    MD5: (RSA_MD5, hashes.MD5()),  # noqa: S303  # Broken on purpose.
    SHA1: (RSA_SHA1, hashes.SHA1()),  # noqa: S303  # Likewise.
    SHA256: (RSA_SHA256, hashes.SHA256()),
}


@dataclass(frozen=True, eq=False)
class Key:
    """A pair of keys. `public` is the SubjectPublicKeyInfo; OIDs with dots; `sign` takes a message.

    `algorithm` is what its signatures are named, `digest` what a SignerInfo names beside it.
    """

    public: bytes
    algorithm: str
    digest: str
    sign: Callable[[bytes], bytes]

    @property
    def bits(self) -> bytes:
        """The key itself, as the BIT STRING in `public` holds it."""
        return read_node(self.public).children()[1].bits()

    @property
    def identifier(self) -> bytes:
        """The SHA-1 by which certificates and responders name the key."""
        return hashlib.sha1(self.bits, usedforsecurity=False).digest()


def public_key_info(key: PublicKeyTypes) -> bytes:
    """Encode a public key as a SubjectPublicKeyInfo."""
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


#: Places of two primes, for one key after another. To find primes takes long: 14 make 91 keys.
_PAIRS = ((first, second) for second in count(1) for first in range(second))


@cache
def _primes(number: int) -> tuple[int, int]:
    del number  # Only the cache tells numbers apart.
    numbers = rsa.generate_private_key(65537, 2048).private_numbers()
    return numbers.p, numbers.q


@cache
def rsa_pair(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Return the RSA key of that name and size, the same throughout the process.

    Who has some of these keys can compute the others. They guard nothing.
    """
    del name  # Likewise.
    if bits != 2048:
        return rsa.generate_private_key(65537, bits)
    p, q = [_primes(place // 2)[place % 2] for place in next(_PAIRS)]
    d = rsa.rsa_recover_private_exponent(65537, p, q)
    crt = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    numbers = rsa.RSAPrivateNumbers(p, q, d, *crt, rsa.RSAPublicNumbers(65537, p * q))
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


@cache
def rsa_key(name: str, digest: str = SHA256, bits: int = 2048) -> Key:
    """Return the RSA key of that name and size, which signs with that digest."""
    pair = rsa_pair(name, bits)
    algorithm, function = _WITH[digest]
    return Key(
        public_key_info(pair.public_key()),
        algorithm,
        digest,
        lambda message: pair.sign(message, padding.PKCS1v15(), function),
    )


@cache
def ecdsa_key(name: str) -> Key:
    """Return the ECDSA key of that name, on P-256."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest(), "big") >> 1
    pair = ec.derive_private_key(number, ec.SECP256R1())
    return Key(
        public_key_info(pair.public_key()),
        ECDSA_SHA256,
        SHA256,
        lambda message: pair.sign(message, ec.ECDSA(hashes.SHA256())),
    )


@cache
def gost_key(name: str, kind: Kind) -> Key:
    """Return the GOST key of that name and kind; `tests.gost_signer` has the kinds."""
    pair = GostKey.generate(kind, name)
    return Key(
        pair.public_key_info(),
        kind.signature,
        kind.digest,
        lambda message: pair.sign(algorithms.digest(kind.digest, message)),
    )
