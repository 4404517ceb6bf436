"""CMS signatures and timestamp tokens by the holders of `tests.pki`, each field to be broken."""

import datetime
from base64 import b64encode
from collections.abc import Sequence

from app.cms.algorithms import registry as algorithms
from app.cms.asn1.node import read_node
from app.cms.parsing import parse
from app.cms.signed_data.parsing import SignedData
from tests import der, pki
from tests.builders import CONTENT, SIGNING_TIME
from tests.pki import SHA1, SHA256, Holder

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
            der.attribute(SIGNING_TIME_ATTRIBUTE, der.time(moment)),
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
    return der.sequence(
        der.integer(1),
        der.sequence(who.issuer, der.integer(who.serial)),
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
) -> bytes:
    """Encode a ContentInfo with a SignedData (RFC 5652 section 5.1), in DER."""
    listed = [one if isinstance(one, bytes) else one.certificate for one in certificates]
    attached = b"" if content is None else der.explicit(0, der.octets(content))
    fields = der.sequence(
        der.integer(1),
        der.set_of(),
        der.sequence(der.oid(content_type), attached),
        der.explicit(0, *dict.fromkeys(listed)),
        der.explicit(1, *revocation) if revocation else b"",
        der.tlv(0x31, b"".join(signer_infos)),
    )
    return der.sequence(der.oid(SIGNED_DATA), der.explicit(0, fields))


def sign(
    *signers: Holder, content: bytes = CONTENT, attached: bool = True, stamped: bool = False
) -> SignedData:
    """Sign as honest people do, with the certificate of the authority embedded."""
    infos = []
    for who in signers:
        info = signer_info(who, content)
        if stamped:
            value = signature_of(info)
            token = der.attribute(TIMESTAMP, timestamp(value))
            info = signer_info(who, content, unsigned=[token], signature=value)
        infos.append(info)
    return read(signed_data(infos, [*signers, pki.authority()], content if attached else None))


def signature_of(info: bytes) -> bytes:
    """Return the signature value in a SignerInfo without unsigned attributes."""
    return read_node(info).children()[-1].octets()


def timestamp(
    stamped: bytes,
    moment: datetime.datetime = SIGNING_TIME,
    *,
    by: Holder | None = None,
    digest: str = SHA256,
    certificates: Sequence[Holder] | None = None,
    content_type: str = TST_INFO,
    signers: int = 1,
) -> bytes:
    """Issue a TimeStampToken (RFC 3161 section 2.4.2) on `stamped`."""
    authority = by or pki.stamper()
    info = der.sequence(
        der.integer(1),
        der.oid("1.2.398.3.3.2.6.4"),
        der.sequence(
            der.algorithm(digest, der.NULL), der.octets(algorithms.digest(digest, stamped))
        ),
        der.integer(-7),
        der.time(moment),
    )
    signed = attributes(info, authority.key.digest, content_type)
    signed.append(signing_certificate(authority.certificate, SHA1))
    more = [[der.attribute("1.2.3.4", der.integer(number))] for number in range(1, signers)]
    return signed_data(
        [signer_info(authority, info, signed=sorted(signed + odd)) for odd in ([], *more)],
        [authority] if certificates is None else certificates,
        info,
        content_type=content_type,
    )


def read(encoded: bytes) -> SignedData:
    """Parse bytes that must be accepted."""
    signature = parse(b64encode(encoded).decode())
    assert isinstance(signature, SignedData)
    return signature
