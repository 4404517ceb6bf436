"""Records of CMS that sign, each field to be broken."""

import datetime
from collections.abc import Sequence

from app.cms.algorithms import registry as algorithms
from app.cms.asn1.node import read_node
from tests import der
from tests.pki.certificates import Holder
from tests.pki.keys import SHA1, SHA256

CONTENT = "Тестовый документ".encode()
SIGNING_TIME = datetime.datetime(2025, 6, 1, 12, 0, tzinfo=datetime.UTC)

DATA = "1.2.840.113549.1.7.1"
SIGNED_DATA = "1.2.840.113549.1.7.2"
TST_INFO = "1.2.840.113549.1.9.16.1.4"

CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_TIME_ATTRIBUTE = "1.2.840.113549.1.9.5"
SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
TIMESTAMP = "1.2.840.113549.1.9.16.2.14"
REVOCATION_VALUES = "1.2.840.113549.1.9.16.2.24"


def attributes(
    content: bytes,
    digest: str = SHA256,
    content_type: str = DATA,
    *,
    moment: datetime.datetime = SIGNING_TIME,
) -> list[bytes]:
    """Encode the signed attributes that all clients write, in DER's order."""
    return sorted(
        [
            der.attribute(CONTENT_TYPE, der.oid(content_type)),
            der.attribute(SIGNING_TIME_ATTRIBUTE, der.either_time(moment)),
            der.attribute(MESSAGE_DIGEST, der.octets(algorithms.digest(digest, content))),
        ]
    )


def signing_certificate(certificate: bytes, digest: str = SHA256) -> bytes:
    """Encode the attribute signingCertificateV2, or the older one for SHA-1 (RFC 5035)."""
    fingerprint = der.octets(algorithms.digest(digest, certificate))
    if digest == SHA1:
        return der.attribute(
            SIGNING_CERTIFICATE, der.sequence(der.sequence(der.sequence(fingerprint)))
        )
    algorithm = b"" if digest == SHA256 else der.algorithm(digest)
    return der.attribute(
        SIGNING_CERTIFICATE_V2, der.sequence(der.sequence(der.sequence(algorithm, fingerprint)))
    )


def signer_info(
    who: Holder,
    content: bytes = CONTENT,
    *,
    signed: Sequence[bytes] | None = (),
    sign: bytes | None = None,
    write: bytes | None = None,
    digest: str | None = None,
    algorithm: str | None = None,
    unsigned: Sequence[bytes] = (),
    signature: bytes | None = None,
    by_key_identifier: bool = False,
) -> bytes:
    """Encode a SignerInfo (RFC 5652 section 5.3).

    `signed` are the signed attributes, the usual ones if there are none given, none at all if
    None. `sign` is what is signed in their place, `write` what stands in their place; `digest`,
    `algorithm` and `signature` are what is written in place of the right ones.
    """
    used = who.key.digest
    message, field = content, b""
    if signed is not None:
        listed = list(signed) or attributes(content, used)
        message = der.tlv(0x31, b"".join(listed))
        field = der.explicit(0, *listed)
    if signature is None:
        signature = who.key.sign(message if sign is None else sign)
    version, named = 1, der.sequence(who.issuer, der.integer(who.serial))
    if by_key_identifier:
        version, named = 3, der.implicit(0, who.key.identifier)
    return der.sequence(
        der.integer(version),
        named,
        der.algorithm(digest or used),
        field if write is None else write,
        der.algorithm(algorithm or who.key.algorithm),
        der.octets(signature),
        der.explicit(1, *unsigned) if unsigned else b"",
    )


def signed_data(
    signer_infos: Sequence[bytes],
    certificates: Sequence[Holder | bytes],
    content: bytes | None = CONTENT,
    *,
    content_type: str = DATA,
    revocation: Sequence[bytes] = (),
    digests: Sequence[str] = (),
) -> bytes:
    """Encode a ContentInfo with a SignedData (RFC 5652 section 5.1), in DER."""
    listed = [one if isinstance(one, bytes) else one.certificate for one in certificates]
    attached = b"" if content is None else der.explicit(0, der.octets(content))
    fields = der.sequence(
        der.integer(1 if content_type == DATA else 3),
        der.set_of(*[der.algorithm(digest) for digest in sorted(set(digests))]),
        der.sequence(der.oid(content_type), attached),
        der.explicit(0, *dict.fromkeys(listed)) if listed else b"",
        der.explicit(1, *revocation) if revocation else b"",
        der.tlv(0x31, b"".join(signer_infos)),
    )
    return der.sequence(der.oid(SIGNED_DATA), der.explicit(0, fields))


def signature_of(info: bytes) -> bytes:
    """Return the signature value in a SignerInfo without unsigned attributes."""
    return read_node(info).children()[-1].octets()
