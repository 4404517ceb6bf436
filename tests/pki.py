"""Authorities and persons made in memory, with keys of every kind.

`tests.builders` has the usual signatures of the usual person. Here each field can be set, so that
a test breaks one rule of a certificate and leaves the rest good; only the signature over it is
always right, unless `forged`.
"""

import datetime
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding

from app.cms.algorithms import registry as algorithms
from app.cms.asn1.node import read_node
from tests import builders, der
from tests.builders import NOT_AFTER, NOT_BEFORE
from tests.gost_signer import GostKey, Kind

SHA256 = "2.16.840.1.101.3.4.2.1"
SHA1 = "1.3.14.3.2.26"
RSA = "1.2.840.113549.1.1.1"
RSA_SHA1 = "1.2.840.113549.1.1.5"
RSA_SHA256 = "1.2.840.113549.1.1.11"
ECDSA_SHA256 = "1.2.840.10045.4.3.2"

TIME_STAMPING = "1.3.6.1.5.5.7.3.8"
OCSP_SIGNING = "1.3.6.1.5.5.7.3.9"
ANY_USAGE = "2.5.29.37.0"
EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4"

# The bits of KeyUsage in their order (RFC 5280 section 4.2.1.3).
USAGES = (
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
)

DAY = datetime.timedelta(days=1)


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


@cache
def rsa_key(name: str, digest: str = SHA256) -> Key:
    """Give the RSA-2048 key of that name, which signs with SHA-256 or SHA-1."""
    pair = builders.key(name)
    algorithm = RSA_SHA256
    function: hashes.HashAlgorithm = hashes.SHA256()
    if digest == SHA1:
        algorithm, function = RSA_SHA1, hashes.SHA1()  # noqa: S303  # Weak on purpose
    public = pair.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return Key(
        public, algorithm, digest, lambda message: pair.sign(message, padding.PKCS1v15(), function)
    )


@cache
def ecdsa_key(name: str) -> Key:
    """Give the ECDSA key of that name, on P-256."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest(), "big") >> 1
    pair = ec.derive_private_key(number, ec.SECP256R1())
    public = pair.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return Key(
        public, ECDSA_SHA256, SHA256, lambda message: pair.sign(message, ec.ECDSA(hashes.SHA256()))
    )


@cache
def gost_key(name: str, kind: Kind) -> Key:
    """Give the GOST key of that name and kind; `tests.gost_signer` has the kinds."""
    pair = GostKey.generate(kind, name)
    return Key(
        pair.public_key_info(),
        kind.signature,
        kind.digest,
        lambda message: pair.sign(algorithms.digest(kind.digest, message)),
    )


@dataclass(frozen=True, eq=False)
class Holder:
    """Who has a key and a certificate (DER) for it; issues further ones if it is an authority."""

    key: Key
    subject: bytes
    certificate: bytes
    issuer: bytes
    serial: int


def name(common_name: str, iin: str = "") -> bytes:
    """Encode a Name of the NCA's shape."""
    parts = [("2.5.4.6", der.tlv(19, b"KZ")), ("2.5.4.3", der.utf8(common_name))]
    if iin:
        parts.append(("2.5.4.5", der.utf8(f"IIN{iin}")))
    return der.sequence(*[der.set_of(der.sequence(der.oid(kind), value)) for kind, value in parts])


def extension(dotted: str, value: bytes, *, critical: bool = False) -> bytes:
    """Encode an Extension (RFC 5280 section 4.1)."""
    flag = der.boolean(True) if critical else b""
    return der.sequence(der.oid(dotted), flag, der.octets(value))


def basic_constraints(*, ca: bool = True, path_length: int | None = None) -> bytes:
    """Encode the extension of section 4.2.1.9."""
    length = b"" if path_length is None else der.integer(path_length)
    flag = der.boolean(True) if ca else b""
    return extension("2.5.29.19", der.sequence(flag, length), critical=True)


def key_usage(*usages: str) -> bytes:
    """Encode the extension of section 4.2.1.3."""
    value = sum(0x80 >> USAGES.index(usage) for usage in usages)
    return extension("2.5.29.15", b"\3\2" + bytes((0, value)), critical=True)


def extended_key_usage(*purposes: str, critical: bool = False) -> bytes:
    """Encode the extension of section 4.2.1.12."""
    value = der.sequence(*[der.oid(purpose) for purpose in purposes])
    return extension("2.5.29.37", value, critical=critical)


AUTHORITY = (basic_constraints(), key_usage("keyCertSign", "cRLSign"))
PERSON = (key_usage("digitalSignature", "nonRepudiation"), extended_key_usage(EMAIL_PROTECTION))
STAMPER = (key_usage("digitalSignature"), extended_key_usage(TIME_STAMPING, critical=True))
RESPONDER = (key_usage("digitalSignature"), extended_key_usage(OCSP_SIGNING))


def certify(
    subject: bytes,
    key: Key,
    issuer: Holder | None,
    extensions: Sequence[bytes],
    *,
    serial: int | None = None,
    valid: tuple[datetime.datetime, datetime.datetime] = (NOT_BEFORE, NOT_AFTER),
    forged: bool = False,
    identified: bool = True,
) -> Holder:
    """Issue a certificate (RFC 5280 section 4.1); without `issuer` its holder does it himself.

    Key identifiers come on top of `extensions`, if `identified`. `forged`: the signature value is
    another's.
    """
    signer = issuer.key if issuer else key
    issuer_name = issuer.subject if issuer else subject
    if serial is None:
        serial = int.from_bytes(hashlib.sha256(subject + key.public).digest()[:8], "big")
    identifiers = (
        extension("2.5.29.14", der.octets(key.identifier)),
        extension("2.5.29.35", der.sequence(der.implicit(0, signer.identifier))),
    )
    tbs = der.sequence(
        der.explicit(0, der.integer(2)),
        der.integer(serial),
        der.algorithm(signer.algorithm),
        issuer_name,
        der.sequence(*[der.time(moment) for moment in valid]),
        subject,
        key.public,
        der.explicit(3, der.sequence(*extensions, *(identifiers if identified else ()))),
    )
    return Holder(key, subject, signed(tbs, signer, forged), issuer_name, serial)


def signed(tbs: bytes, key: Key, forged: bool = False) -> bytes:
    """Encode what certificates and CRLs are: a record, an algorithm, a signature."""
    signature = key.sign(b"another" if forged else tbs)
    return der.sequence(tbs, der.algorithm(key.algorithm), der.bits(signature))


@cache
def root(common_name: str = "ROOT", key: Key | None = None) -> Holder:
    """Give an authority that certifies itself; the same throughout the process."""
    return certify(name(common_name), key or rsa_key(common_name), None, AUTHORITY)


@cache
def authority(common_name: str = "NCA", key: Key | None = None) -> Holder:
    """Give an authority below the root."""
    return certify(name(common_name), key or rsa_key(common_name), root(), AUTHORITY)


@cache
def person(common_name: str = "ИВАНОВ ИВАН", key: Key | None = None) -> Holder:
    """Give a person with a certificate of the authority."""
    subject = name(common_name, "900101300017")
    return certify(subject, key or rsa_key(common_name), authority(), PERSON)


@cache
def stamper() -> Holder:
    """Give the authority of timestamps."""
    return certify(name("TSA"), rsa_key("TSA"), authority(), STAMPER)


@cache
def responder() -> Holder:
    """Give the one who answers by OCSP for the authority."""
    return certify(name("OCSP"), rsa_key("OCSP"), authority(), RESPONDER)
