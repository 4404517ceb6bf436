"""Keys and signatures of every kind that is checked, for the tests of `app.cms.algorithms`."""

from functools import cache

from asn1crypto import core
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from app.cms.algorithms.registry import DIGESTS, AlgorithmIdentifier, PublicKey, digest, name
from tests import der, pki
from tests.gost_signer import GOST_2004, GOST_2015_256, GOST_2015_512, GostKey, Kind

RSA = "1.2.840.113549.1.1.1"
PSS = "1.2.840.113549.1.1.10"
MGF1 = "1.2.840.113549.1.1.8"
EC = "1.2.840.10045.2.1"
SHA1 = "1.3.14.3.2.26"
SHA256 = "2.16.840.1.101.3.4.2.1"
SHA512 = "2.16.840.1.101.3.4.2.3"
RSA_SHA256 = AlgorithmIdentifier("1.2.840.113549.1.1.11", der.NULL)
ECDSA_SHA256 = AlgorithmIdentifier("1.2.840.10045.4.3.2")
P256 = der.oid("1.2.840.10045.3.1.7")

MESSAGE = "Тестовый документ".encode()
KINDS = {"2015-512": GOST_2015_512, "2015-256": GOST_2015_256, "2004": GOST_2004}

HASHES: dict[str, hashes.HashAlgorithm] = {
    "MD5": hashes.MD5(),  # noqa: S303  # It is what is tested.
    "SHA-1": hashes.SHA1(),  # noqa: S303  # Likewise.
    "SHA-224": hashes.SHA224(),
    "SHA-256": hashes.SHA256(),
    "SHA-384": hashes.SHA384(),
    "SHA-512": hashes.SHA512(),
    "SHA3-224": hashes.SHA3_224(),
    "SHA3-256": hashes.SHA3_256(),
    "SHA3-384": hashes.SHA3_384(),
    "SHA3-512": hashes.SHA3_512(),
}


def oid_of(digest_name: str) -> str:
    """Return the identifier of a digest."""
    return next(oid for oid in DIGESTS if name(oid) == digest_name)


def rsa_pair() -> rsa.RSAPrivateKey:
    return pki.rsa_pair("algorithms")


@cache
def ec_pair(curve: type[ec.EllipticCurve] = ec.SECP256R1) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(123456789, curve())


def public_key(key: PublicKeyTypes) -> PublicKey:
    """Take apart what `cryptography` encodes."""
    return parts_of(pki.public_key_info(key))


def parts_of(info: bytes) -> PublicKey:
    """Take a SubjectPublicKeyInfo apart, with asn1crypto."""
    record = core.Sequence.load(info)
    algorithm = record[0]
    parameters = algorithm[1].dump() if len(algorithm) > 1 else None
    identifier = AlgorithmIdentifier(algorithm[0].dotted, parameters)
    return PublicKey(identifier, record[1].contents[1:], info)


def gost_key(kind: Kind = GOST_2015_512) -> PublicKey:
    return parts_of(GostKey.generate(kind, "anna").public_key_info())


def gost_signature(kind: Kind = GOST_2015_512) -> bytes:
    return GostKey.generate(kind, "anna").sign(digest(kind.digest, MESSAGE))


def with_key(
    key: PublicKey,
    *,
    oid: str | None = None,
    parameters: bytes | None = None,
    bits: bytes | None = None,
) -> PublicKey:
    """Replace some of a key; `parameters` b"" takes them away."""
    algorithm = key.algorithm
    kept = algorithm.parameters if parameters is None else parameters or None
    return PublicKey(
        AlgorithmIdentifier(oid or algorithm.oid, kept), key.bits if bits is None else bits, b""
    )


def rsa_signature() -> bytes:
    return rsa_pair().sign(MESSAGE, padding.PKCS1v15(), hashes.SHA256())


def ecdsa_signature() -> bytes:
    return ec_pair().sign(MESSAGE, ec.ECDSA(hashes.SHA256()))


def pss_parameters(
    digest_oid: str | None = SHA256,
    mask_oid: str | None = SHA256,
    salt_length: int | None = 32,
    trailer: int | None = None,
) -> bytes:
    """Encode RSASSA-PSS-params; None leaves a field at its default."""
    fields = []
    if digest_oid:
        fields.append(der.explicit(0, der.sequence(der.oid(digest_oid), der.NULL)))
    if mask_oid:
        hash_ = der.sequence(der.oid(mask_oid), der.NULL)
        fields.append(der.explicit(1, der.sequence(der.oid(MGF1), hash_)))
    if salt_length is not None:
        fields.append(der.explicit(2, der.integer(salt_length)))
    if trailer is not None:
        fields.append(der.explicit(3, der.integer(trailer)))
    return der.sequence(*fields)


def pss_signature(
    hash_: hashes.HashAlgorithm, mask_hash: hashes.HashAlgorithm, salt_length: int
) -> bytes:
    return rsa_pair().sign(MESSAGE, padding.PSS(padding.MGF1(mask_hash), salt_length), hash_)


def usual() -> dict[str, tuple[PublicKey, AlgorithmIdentifier, str, bytes]]:
    """Return a key, an algorithm, a digest and a signature of each kind."""
    gost = {
        label: (
            gost_key(kind),
            AlgorithmIdentifier(kind.signature),
            kind.digest,
            gost_signature(kind),
        )
        for label, kind in KINDS.items()
    }
    return gost | {
        "RSA": (public_key(rsa_pair().public_key()), RSA_SHA256, SHA256, rsa_signature()),
        "ECDSA": (public_key(ec_pair().public_key()), ECDSA_SHA256, SHA256, ecdsa_signature()),
        "PSS": (
            public_key(rsa_pair().public_key()),
            AlgorithmIdentifier(PSS, pss_parameters()),
            SHA256,
            pss_signature(hashes.SHA256(), hashes.SHA256(), 32),
        ),
    }
