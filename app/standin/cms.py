"""CMS signatures (RFC 5652 section 5) with a test key: RSA, ECDSA or GOST."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from textwrap import wrap

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from app.standin import der, gost
from app.standin.gost import GostKey
from app.standin.identity import Identity

DATA, _SIGNED_DATA = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.2"
_CONTENT_TYPE, _DIGEST, _TIME = (f"1.2.840.113549.1.9.{last}" for last in (3, 4, 5))
# Names the certificate (RFC 5035 section 3).
_SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.47"
_TIMESTAMP = "1.2.840.113549.1.9.16.2.14"
SHA256 = der.sequence(der.identifier("2.16.840.1.101.3.4.2.1"))
_STREEBOG = der.sequence(der.identifier(gost.DIGEST))
_RSA_SHA256 = der.sequence(der.identifier("1.2.840.113549.1.1.11"), der.NULL)
_ECDSA_SHA256 = der.sequence(der.identifier("1.2.840.10045.4.3.2"))
_GOST_STREEBOG = der.sequence(der.identifier(gost.SIGNATURE))

#: Returns a timestamp token on a signature value. Raises ValueError: none can be had.
Stamp = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class _ToSign:
    """What a signer signs: its type, dotted, its digest, and what stamps the signature."""

    content_type: str
    digest: bytes
    stamp: Stamp | None


def sign(
    identity: Identity,
    content: bytes,
    *,
    attached: bool,
    digested: bool,
    stamp: Stamp | None = None,
) -> str:
    """Sign, and return PEM with the label `CMS`, as NCALayer does.

    Args:
        identity: who signs.
        content: what is signed; its digest if `digested`.
        attached: whether the signature contains the content.
        digested: whether only a digest is given.
        stamp: what makes a timestamp on the signature, None: nothing does.

    Raises:
        ValueError: what is given is no digest that the key signs, or no timestamp can be had.
    """
    size = gost.SIZE if isinstance(identity.key, GostKey) else hashlib.sha256().digest_size
    if digested and len(content) != size:
        raise ValueError(f"the key signs digests of {size} bytes only")
    digest = content if digested else _digest(identity, content)
    inside = content if attached and not digested else None
    return _pem(_signed_data(identity, _ToSign(DATA, digest, stamp), inside))


def sign_token(identity: Identity, content: bytes, content_type: str) -> bytes:
    """Return a signature of other content than data, encoded, with the content in it."""
    return _signed_data(
        identity, _ToSign(content_type, _digest(identity, content), None), content, version=3
    )


def _signed_data(
    identity: Identity, what: _ToSign, content: bytes | None, version: int = 1
) -> bytes:
    inside = b"" if content is None else der.explicit(0, der.tlv(der.OCTETS, content))
    certificates = [
        one.public_bytes(Encoding.DER) for one in (identity.certificate, *identity.above)
    ]
    signed_data = der.sequence(
        der.integer(version),
        der.set_of(_digest_algorithm(identity)),
        der.sequence(der.identifier(what.content_type), inside),
        der.explicit(0, *certificates),
        der.set_of(_signer_info(identity, what)),
    )
    return der.sequence(der.identifier(_SIGNED_DATA), der.explicit(0, signed_data))


def _signer_info(identity: Identity, what: _ToSign) -> bytes:
    certificate = identity.certificate
    fingerprint = certificate.fingerprint(hashes.SHA256())
    moment = f"{datetime.now(UTC):%y%m%d%H%M%SZ}".encode()
    attributes = sorted(
        [
            _attribute(_CONTENT_TYPE, der.identifier(what.content_type)),
            _attribute(_DIGEST, der.tlv(der.OCTETS, what.digest)),
            _attribute(_TIME, der.tlv(der.UTC_TIME, moment)),
            _attribute(
                _SIGNING_CERTIFICATE,
                der.sequence(der.sequence(der.sequence(der.tlv(der.OCTETS, fingerprint)))),
            ),
        ]
    )
    algorithm, value = _sign(identity, der.tlv(der.SET, *attributes))
    issuer = certificate.issuer.public_bytes()
    token = what.stamp(value) if what.stamp else None
    return der.sequence(
        der.integer(1),
        der.sequence(issuer, der.integer(certificate.serial_number)),
        _digest_algorithm(identity),
        der.explicit(0, *attributes),
        algorithm,
        der.tlv(der.OCTETS, value),
        b"" if token is None else der.explicit(1, _attribute(_TIMESTAMP, token)),
    )


def _attribute(kind: str, value: bytes) -> bytes:
    return der.sequence(der.identifier(kind), der.set_of(value))


def _digest_algorithm(identity: Identity) -> bytes:
    return _STREEBOG if isinstance(identity.key, GostKey) else SHA256


def _digest(identity: Identity, content: bytes) -> bytes:
    if isinstance(identity.key, GostKey):
        return gost.digest(content)
    return hashlib.sha256(content).digest()


def _sign(identity: Identity, message: bytes) -> tuple[bytes, bytes]:
    """Return the algorithm and the signature value."""
    key = identity.key
    if isinstance(key, GostKey):
        return _GOST_STREEBOG, key.sign(message)
    if isinstance(key, rsa.RSAPrivateKey):
        return _RSA_SHA256, key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    return _ECDSA_SHA256, key.sign(message, ec.ECDSA(hashes.SHA256()))


def _pem(encoded: bytes) -> str:
    lines = "\n".join(wrap(b64encode(encoded).decode(), 64))
    return f"-----BEGIN CMS-----\n{lines}\n-----END CMS-----\n"
