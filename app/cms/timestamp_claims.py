"""What a timestamp token (RFC 3161) claims: the moment, and who says so. Nothing is verified."""

from dataclasses import dataclass, replace
from datetime import datetime

from app.cms import names
from app.cms.ber import EXPLICIT_0, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, SET, scan
from app.cms.names import read_name
from app.cms.nodes import BOOLEAN, DAMAGE, GENERALIZED_TIME, Node, read_node
from app.cms.signed_data import parse_signed_data
from app.cms.x509 import read_certificate

_ID_TST_INFO = "1.2.840.113549.1.9.16.1.4"  # The eContentType of a token.

_DIRECTORY_NAME = 0xA4
# Bytes of a TSTInfo; those of the NCA have 120.
MAX_INFO_SIZE = 4096


@dataclass(frozen=True, slots=True)
class TimestampClaims:
    """What a token says (section 2.4.2).

    `gen_time` is in UTC, `policy` and `imprint_algorithm` are dotted, `serial_number` may be
    negative; `authority` is the name of the one who issued it, None if that is not said. `imprint`
    is the digest of what was stamped, `token` the encoded ContentInfo.
    """

    gen_time: datetime
    policy: str
    serial_number: int
    authority: str | None
    imprint_algorithm: str
    imprint: bytes
    token: bytes


def read_token(token: bytes, *, find_authority: bool = True) -> TimestampClaims:
    """Read an encoded TimeStampToken. Raises one of nodes.DAMAGE if it is broken.

    Who asks for the certificates anyway needs no `find_authority`: its name stands there, if it
    doesn't in the field for it.
    """
    content_info = read_node(token).fields()
    content_info.take(OBJECT_IDENTIFIER)
    signed_data = content_info.take(EXPLICIT_0).only().fields()
    signed_data.take(INTEGER)
    signed_data.take(SET)
    encapsulated = signed_data.take(SEQUENCE).fields()
    if encapsulated.take(OBJECT_IDENTIFIER).identifier() != _ID_TST_INFO:
        raise ValueError("not a TSTInfo")
    info = encapsulated.take(EXPLICIT_0).only().octets()
    if len(info) > MAX_INFO_SIZE:
        raise ValueError("a TSTInfo is not that large")
    claims = _read_info(read_node(info), token)
    if claims.authority or not find_authority:
        return claims
    return replace(claims, authority=_find_authority(token))


def _read_info(info: Node, token: bytes) -> TimestampClaims:
    """Read TSTInfo (section 2.4.2)."""
    fields = info.fields()
    fields.take(INTEGER)
    policy = fields.take(OBJECT_IDENTIFIER).identifier()
    message_imprint = fields.take(SEQUENCE).fields()
    imprint_algorithm = message_imprint.take(SEQUENCE).algorithm().oid
    imprint = message_imprint.take(OCTET_STRING).octets()
    serial_number = fields.take(INTEGER).integer()
    gen_time = fields.take(GENERALIZED_TIME).time()
    fields.optional(SEQUENCE)  # accuracy
    fields.optional(BOOLEAN)  # ordering
    fields.optional(INTEGER)  # nonce
    authority = fields.optional(EXPLICIT_0)
    return TimestampClaims(
        gen_time=gen_time,
        policy=policy,
        serial_number=serial_number,
        authority=_read_authority(authority) if authority else None,
        imprint_algorithm=imprint_algorithm,
        imprint=imprint,
        token=token,
    )


def _read_authority(tsa: Node) -> str | None:
    """Return the name in the field tsa, if it is a directoryName: others name machines."""
    general_name = tsa.only()
    if general_name.tag != _DIRECTORY_NAME:
        return None
    return _name(general_name.only().encoded)


def _find_authority(token: bytes) -> str | None:
    """Return the name in the certificate that signed the token, if it is embedded."""
    try:
        signers = parse_signed_data(scan(token)).signers
    except DAMAGE:
        return None
    return _name(read_certificate(signers[0].certificate).subject)


def _name(name: bytes) -> str | None:
    """Return the common name, or else the organisation."""
    read = read_name(name)
    return read.value(names.COMMON_NAME) or read.value(names.ORGANISATION)
