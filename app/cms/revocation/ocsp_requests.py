"""Requests to OCSP responders (RFC 6960 section 4.1), and what they refuse without a signature."""

from typing import Final

from app.cms.algorithms.names import SHA_256
from app.cms.algorithms.registry import digest as hash_by
from app.cms.asn1 import tags
from app.cms.asn1.der import encode, encode_identifier, encode_integer
from app.cms.asn1.node import DAMAGE, read_node
from app.cms.x509.certificate import Certificate

#: Values of OCSPResponseStatus (section 4.2.1) by which a responder may refuse a CertID it doesn't
#: know the digest of: malformedRequest and unauthorized.
UNKNOWN_TO_RESPONDER: Final = (1, 6)
#: Octets of a nonce (RFC 9654 section 2.1).
MAX_NONCE_SIZE = 128

_NONCE = "1.3.6.1.5.5.7.48.1.2"
# The parameters of a digest algorithm. The NCA's responders repeat CertIDs as they are requested.
_NULL = b"\x05\x00"
# Bytes of a response without an answer; those in use have 5.
_MAX_REFUSAL_SIZE = 64


def encode_certificate_id(
    certificate: Certificate, issuer: Certificate, digest: str = SHA_256
) -> bytes:
    """Encode the CertID of a certificate (section 4.1.1), by a digest (dotted).

    Raises UnsupportedAlgorithm for an unknown digest.
    """
    fields = (
        encode(tags.SEQUENCE, encode_identifier(digest) + _NULL),
        encode(tags.OCTET_STRING, hash_by(digest, certificate.issuer)),
        encode(tags.OCTET_STRING, hash_by(digest, issuer.public_key.bits)),
        encode_integer(certificate.serial_number),
    )
    return encode(tags.SEQUENCE, b"".join(fields))


def build_ocsp_request(
    certificate: Certificate, issuer: Certificate, nonce: bytes | None, *, digest: str = SHA_256
) -> bytes:
    """Encode an OCSPRequest about one certificate.

    `nonce` should have 16 octets; an answer that doesn't repeat it may be a replayed one. Raises
    ValueError for a nonce of another size than 1 to MAX_NONCE_SIZE, and UnsupportedAlgorithm.
    """
    return encode_ocsp_request(encode_certificate_id(certificate, issuer, digest), nonce)


def encode_ocsp_request(certificate_id: bytes, nonce: bytes | None) -> bytes:
    """Encode an OCSPRequest about an encoded CertID. Raises ValueError as `build_ocsp_request`."""
    request = encode(tags.SEQUENCE, encode(tags.SEQUENCE, certificate_id))
    extensions = b"" if nonce is None else _encode_extensions(nonce)
    return encode(tags.SEQUENCE, encode(tags.SEQUENCE, request + extensions))


def _encode_extensions(nonce: bytes) -> bytes:
    """Encode requestExtensions with the nonce, an OCTET STRING in extnValue (RFC 9654)."""
    if not 0 < len(nonce) <= MAX_NONCE_SIZE:
        raise ValueError("not a nonce")
    value = encode(tags.OCTET_STRING, encode(tags.OCTET_STRING, nonce))
    extension = encode(tags.SEQUENCE, encode_identifier(_NONCE) + value)
    return encode(tags.EXPLICIT_2, encode(tags.SEQUENCE, extension))


def read_refusal(response: bytes) -> int | None:
    """Return the OCSPResponseStatus of a response without an answer; None for anything else.

    It is not signed, so it says nothing about the certificate.
    """
    if len(response) > _MAX_REFUSAL_SIZE:
        return None
    try:
        [status] = read_node(response).children(1)
        contents = status.expect(tags.ENUMERATED).contents
    except DAMAGE:
        return None
    return contents[0] or None if len(contents) == 1 else None
