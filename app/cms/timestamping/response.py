"""Responses of a timestamp authority: TimeStampResp (RFC 3161 section 2.4.2).

What is checked here is that a token answers the request. Whether it proves anything is for
`Verifier.verify_timestamp`.
"""

from app.cms.asn1 import tags
from app.cms.asn1.node import DAMAGE, Node, read_node
from app.cms.signed_data.timestamp_token import TimestampClaims, TimestampToken
from app.cms.timestamping.errors import (
    TimestampMismatched,
    TimestampRefused,
    TimestampUnreadable,
)
from app.cms.timestamping.request import TimestampRequest
from app.cms.verdict import Reason
from app.cms.x509.names import clean

#: Bytes of a response; those of the NCA have 1,700 to 4,000.
MAX_RESPONSE_SIZE = 65_536

# granted, grantedWithMods
_GRANTED = (0, 1)
# Octets of a PKIFailureInfo, whose highest bit is 26.
_MAX_FAILURE_SIZE = 5
# Texts of a PKIFreeText, and characters that are kept of the first one.
_MAX_TEXTS = 16
_MAX_SAID = 200


def read_response(der: bytes, request: TimestampRequest) -> bytes:
    """Return the encoded token in the response to a request.

    Raises:
        TimestampRefused: the TSA refuses, for ever or for now.
        TimestampUnreadable: the bytes are no response, or more than MAX_RESPONSE_SIZE.
        TimestampMismatched: the token has another nonce, imprint, or policy, or not one signer.
    """
    if len(der) > MAX_RESPONSE_SIZE:
        raise TimestampUnreadable(
            Reason(
                "the response of the timestamp authority has more than {limit} bytes",
                {"limit": MAX_RESPONSE_SIZE},
            )
        )
    try:
        token = _read_granted(read_node(der))
        claims, signers = token.claims, len(token.signed_data.signers)
    except DAMAGE as error:
        raise TimestampUnreadable(
            Reason("the response of the timestamp authority is malformed")
        ) from error
    _check_answers(claims, signers, request)
    return token.node.encoded


def _read_granted(response: Node) -> TimestampToken:
    """Return the token. Raises TimestampRefused or one of DAMAGE."""
    fields = response.fields(2)
    info = fields.take(tags.SEQUENCE).fields(3)
    status = info.take(tags.INTEGER).integer()
    texts = info.optional(tags.SEQUENCE)
    failures = info.optional(tags.BIT_STRING)
    info.end()
    if status not in _GRANTED:
        raise TimestampRefused(status, _read_failures(failures), _read_text(texts))
    return TimestampToken(fields.take(tags.SEQUENCE))


def _read_failures(field: Node | None) -> tuple[int, ...]:
    """List the bits of a PKIFailureInfo. Raises ValueError."""
    if field is None:
        return ()
    unused, *octets = field.contents[: _MAX_FAILURE_SIZE + 1]
    if field.size > _MAX_FAILURE_SIZE + 2 or unused > 7:
        raise ValueError("not a PKIFailureInfo")
    bits = [8 * place + bit for place in range(len(octets)) for bit in range(8)]
    return tuple(bit for bit in bits if octets[bit // 8] & 0x80 >> bit % 8)


def _read_text(texts: Node | None) -> str | None:
    """Return the first text; None if there is none that can be read."""
    listed = texts.children_if_sound(_MAX_TEXTS) if texts else []
    if not listed:
        return None
    beginning = listed[0].contents[: 4 * _MAX_SAID]
    return clean(beginning.decode(errors="replace"))[:_MAX_SAID] or None


def _check_answers(claims: TimestampClaims, signers: int, request: TimestampRequest) -> None:
    """Compare a token with its request (section 2.2). Raises TimestampMismatched."""
    if signers != 1:
        raise TimestampMismatched(
            Reason("the timestamp token has {count} signers, not one", {"count": signers})
        )
    if claims.nonce != request.nonce:
        raise TimestampMismatched(Reason("the timestamp token does not repeat the nonce"))
    imprint = request.imprint_algorithm, request.imprint
    if (claims.imprint_algorithm, claims.imprint) != imprint:
        raise TimestampMismatched(
            Reason("the timestamp token's message imprint is not the one requested")
        )
    if request.policy is not None and claims.policy != request.policy:
        raise TimestampMismatched(
            Reason(
                "the timestamp token has the policy {policy}, not {wanted}",
                {"policy": claims.policy, "wanted": request.policy},
            )
        )
