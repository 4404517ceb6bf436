"""Checks of one signature value with one public key, for each kind of key.

Keys and signatures come from untrusted senders, so each check is bounded: a key that would cost
many times more than a real one is not supported. A signature value that doesn't verify raises
InvalidSignature; a damaged one, or a damaged key, ValueError or MalformedSignature.
"""

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from app.cms.algorithms import names as ids
from app.cms.algorithms.gost.curves import Curve
from app.cms.algorithms.names import name
from app.cms.asn1.node import Node, read_node, read_primitive
from app.cms.asn1.oid import MAX_OBJECT_IDENTIFIER, AlgorithmIdentifier, dotted
from app.cms.asn1.tags import BIT_STRING, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE
from app.cms.errors import UnsupportedAlgorithm

# The hash functions of RSA and ECDSA.
HASHES: dict[str, hashes.HashAlgorithm] = {
    ids.MD5: hashes.MD5(),  # noqa: S303  # Old signatures have it; `algorithm_dates` tells.
    ids.SHA_1: hashes.SHA1(),  # noqa: S303  # Likewise.
    ids.SHA_224: hashes.SHA224(),
    ids.SHA_256: hashes.SHA256(),
    ids.SHA_384: hashes.SHA384(),
    ids.SHA_512: hashes.SHA512(),
    ids.SHA3_224: hashes.SHA3_224(),
    ids.SHA3_256: hashes.SHA3_256(),
    ids.SHA3_384: hashes.SHA3_384(),
    ids.SHA3_512: hashes.SHA3_512(),
}

# Bits of an RSA modulus. A smaller one can be factored; with the largest, a check takes 4 ms.
MIN_RSA_BITS = 1024
MAX_RSA_BITS = 16_384
# Bits of a public exponent; real ones have 17.
MAX_RSA_EXPONENT_BITS = 64

# RFC 5480 section 2.1.1.1.
_CURVES: dict[str, ec.EllipticCurve] = {
    "1.2.840.10045.3.1.7": ec.SECP256R1(),
    "1.3.132.0.34": ec.SECP384R1(),
    "1.3.132.0.35": ec.SECP521R1(),
}
_PUBLIC_KEY = bytes((SEQUENCE, BIT_STRING))
_MGF1 = "1.2.840.113549.1.1.8"
# The tags of RSASSA-PSS-params: hashAlgorithm, maskGenAlgorithm, saltLength, trailerField.
_HASH, _MASK, _SALT, _TRAILER = 0xA0, 0xA1, 0xA2, 0xA3
# No record read here has more fields.
_MAX_FIELDS = 4
_EMPTY_SEQUENCE = b"\x30\x00"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).

    `bits` are those of the BIT STRING, without the octet that counts unused bits; `der` is the
    whole structure as it was encoded.
    """

    algorithm: AlgorithmIdentifier
    bits: bytes
    der: bytes


def read_public_key(node: Node) -> PublicKey:
    """Read a SubjectPublicKeyInfo. Raises one of DAMAGE."""
    algorithm, bits = node.layout(_PUBLIC_KEY)
    return PublicKey(algorithm.algorithm(), bits.bits(), node.encoded)


@dataclass(frozen=True, slots=True)
class PssParameters:
    """RSASSA-PSS-params (RFC 8017 appendix A.2.3), the defaults being the RFC's.

    `digest` and `mask_digest` are object identifiers, `salt_length` counts bytes.
    """

    digest: str = ids.SHA_1
    mask_digest: str = ids.SHA_1
    salt_length: int = 20

    @property
    def padding(self) -> padding.PSS:
        """Return the padding for `verify_rsa`. Raises UnsupportedAlgorithm."""
        return padding.PSS(padding.MGF1(find_hash(self.mask_digest)), self.salt_length)


def find_hash(digest: str) -> hashes.HashAlgorithm:
    """Return the hash function of RSA and ECDSA that an object identifier names.

    Raises UnsupportedAlgorithm.
    """
    if digest not in HASHES:
        raise UnsupportedAlgorithm(name(digest))
    return HASHES[digest]


def read_pss_parameters(der: bytes | None) -> PssParameters:
    """Read the parameters of id-RSASSA-PSS, which a signature must have (RFC 4055 section 3.1).

    Raises ValueError or MalformedSignature for damage, and UnsupportedAlgorithm for a mask or a
    trailer that no standard knows.
    """
    if der is None:
        raise ValueError("PSS parameters are missing")
    if der == _EMPTY_SEQUENCE:
        return PssParameters()
    listed = read_node(der).elements(_MAX_FIELDS)
    tags = [field.tag for field in listed]
    if tags != sorted(set(tags) & {_HASH, _MASK, _SALT, _TRAILER}):
        raise ValueError("not RSASSA-PSS-params")
    fields = {field.tag: field.only() for field in listed}
    if _TRAILER in fields and fields[_TRAILER].integer(len(der)) != 1:
        raise UnsupportedAlgorithm("RSASSA-PSS trailer")
    salt_length = fields[_SALT].integer(len(der)) if _SALT in fields else 20
    if not 0 <= salt_length <= MAX_RSA_BITS // 8:
        raise ValueError("salt is longer than any modulus")
    return PssParameters(
        fields[_HASH].algorithm().oid if _HASH in fields else ids.SHA_1,
        _mask_digest(fields[_MASK]) if _MASK in fields else ids.SHA_1,
        salt_length,
    )


def _mask_digest(mask: Node) -> str:
    """Return the digest that MGF1 is to use (RFC 8017 appendix A.2.3)."""
    kind, *parameters = mask.fields(2).rest()
    if kind.identifier() != _MGF1 or not parameters:
        raise UnsupportedAlgorithm(name(kind.identifier()))
    return parameters[0].algorithm().oid


def verify_rsa(
    key: bytes,
    padding_: padding.PKCS1v15 | padding.PSS,
    hash_: hashes.HashAlgorithm | utils.Prehashed,
    message: bytes,
    signature: bytes,
) -> None:
    """Check an RSA signature (RFC 8017 section 8) with an encoded RSAPublicKey (appendix A.1.1)."""
    modulus, exponent = (field.integer(len(key)) for field in read_node(key).elements(2))
    if modulus < 0 or exponent < 0:
        raise ValueError("not an RSAPublicKey")
    if not MIN_RSA_BITS <= modulus.bit_length() <= MAX_RSA_BITS:
        raise UnsupportedAlgorithm(f"RSA of {modulus.bit_length()} bits")
    if exponent.bit_length() > MAX_RSA_EXPONENT_BITS:
        raise UnsupportedAlgorithm(f"RSA with an exponent of {exponent.bit_length()} bits")
    public_key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    public_key.verify(signature, message, padding_, hash_)


def verify_ecdsa(
    curve: bytes | None,
    point: bytes,
    hash_: hashes.HashAlgorithm | utils.Prehashed,
    message: bytes,
    signature: bytes,
) -> None:
    """Check an ECDSA signature in DER (RFC 3279 section 2.2.3).

    `curve` is an encoded ECParameters, `point` an ECPoint (RFC 5480 section 2).
    """
    public_key = ec.EllipticCurvePublicKey.from_encoded_point(find_curve(curve), point)
    public_key.verify(signature, message, ec.ECDSA(hash_))


def encode_plain_ecdsa(curve: bytes | None, signature: bytes) -> bytes:
    """Turn r and s side by side, as XMLDSig has them, into DER.

    Each has the size of the curve's field (RFC 6931 section 2.3.6, BSI TR-03111 section 5.2.1).
    `curve` is as for `verify_ecdsa`. Raises ValueError or UnsupportedAlgorithm.
    """
    size = (find_curve(curve).key_size + 7) // 8
    if len(signature) != 2 * size:
        raise ValueError("signature has not the size of r and s")
    r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
    return utils.encode_dss_signature(r, s)


def verify_gost(curve: Curve, key: bytes, digest: bytes, signature: bytes) -> None:
    """Check a GOST signature (RFC 7091 section 6.2), as Kazakhstan encodes it.

    `key` is an encoded OCTET STRING with x and y, the signature consists of r and s; all, and the
    digest taken as a number, are little-endian.
    """
    size = 2 * curve.size
    header = bytes((OCTET_STRING, size) if size < 0x80 else (OCTET_STRING, 0x81, size))
    if not key.startswith(header) or len(key) != len(header) + size:
        raise ValueError("key is not an OCTET STRING with x and y")
    if len(signature) != size:
        raise ValueError("signature has not the size of r and s")
    x, y = _halves(key[len(header) :])
    r, s = _halves(signature)
    if not curve.verify((x, y), int.from_bytes(digest, "little"), r, s):
        raise InvalidSignature


def _halves(octets: bytes) -> tuple[int, int]:
    """Return the two little-endian numbers that stand side by side."""
    size = len(octets) // 2
    return int.from_bytes(octets[:size], "little"), int.from_bytes(octets[size:], "little")


def read_curve(parameters: bytes | None) -> str:
    """Return the curve that the parameters of a GOST key name first (RFC 4491 section 2.3.2)."""
    if parameters is None:
        raise ValueError("key names no curve")
    fields = read_node(parameters).elements()
    if not fields:
        raise ValueError("key names no curve")
    return fields[0].identifier()


def find_curve(parameters: bytes | None) -> ec.EllipticCurve:
    """Return the curve of a key. Raises ValueError or UnsupportedAlgorithm."""
    oid = _named_curve(parameters)
    if oid not in _CURVES:
        raise UnsupportedAlgorithm(name(oid))
    return _CURVES[oid]


def _named_curve(parameters: bytes | None) -> str:
    """Return the namedCurve that is the ECParameters of a key (RFC 5480 section 2.1.1)."""
    if not parameters:
        raise ValueError("key names no curve")
    if parameters[0] != OBJECT_IDENTIFIER:
        raise UnsupportedAlgorithm("elliptic curve without a name")
    contents = read_primitive(parameters, OBJECT_IDENTIFIER)
    if len(contents) > MAX_OBJECT_IDENTIFIER:
        raise ValueError("not an OBJECT IDENTIFIER")
    return dotted(contents)
