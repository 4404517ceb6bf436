"""Requests for a timestamp: TimeStampReq (RFC 3161 section 2.4.1)."""

from dataclasses import dataclass

from app.cms.algorithms.registry import digest
from app.cms.asn1.der import encode, encode_identifier, encode_integer
from app.cms.asn1.tags import BOOLEAN, OCTET_STRING, SEQUENCE
from app.cms.timestamping.terms import StampingTerms

#: Bits of a nonce, which is to be random.
NONCE_BITS = 64

_VERSION = 1
# The parameters of a digest algorithm. The NCA's tokens repeat them as they are requested.
_NULL = b"\x05\x00"
_TRUE = b"\xff"


@dataclass(frozen=True, slots=True)
class TimestampRequest:
    """The facts of a request, which the response must repeat.

    `imprint` is a digest by `imprint_algorithm` (dotted); `policy` is dotted, or None if any will
    do.
    """

    imprint_algorithm: str
    imprint: bytes
    policy: str | None
    nonce: int

    @property
    def der(self) -> bytes:
        """The encoded request. Raises ValueError as `build_request` does."""
        return build_request(self.imprint_algorithm, self.imprint, self.policy, self.nonce)


def request_timestamp(stamped: bytes, terms: StampingTerms, nonce: int) -> TimestampRequest:
    """Return the request for a timestamp on `stamped`, the signature value of a signer.

    Raises UnsupportedAlgorithm for an unknown digest.
    """
    return TimestampRequest(terms.digest, digest(terms.digest, stamped), terms.policy, nonce)


def build_request(imprint_algorithm: str, imprint: bytes, policy: str | None, nonce: int) -> bytes:
    """Encode a TimeStampReq that asks for the certificate of the TSA, too (certReq).

    Raises ValueError if an identifier is not a dotted one, or `nonce` is not one of NONCE_BITS.
    """
    if not 0 <= nonce < 1 << NONCE_BITS:
        raise ValueError("not a nonce")
    algorithm = encode(SEQUENCE, encode_identifier(imprint_algorithm) + _NULL)
    fields = (
        encode_integer(_VERSION),
        encode(SEQUENCE, algorithm + encode(OCTET_STRING, imprint)),
        encode_identifier(policy) if policy else b"",
        encode_integer(nonce),
        encode(BOOLEAN, _TRUE),
    )
    return encode(SEQUENCE, b"".join(fields))
