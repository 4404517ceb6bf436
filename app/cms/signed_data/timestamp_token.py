"""Timestamp tokens (RFC 3161): the time and the TSA that they claim. Nothing is verified."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from app.cms.asn1 import tags
from app.cms.asn1.node import DAMAGE, Node, read_node
from app.cms.verdict import Reason
from app.cms.x509 import names
from app.cms.x509.names import read_name

if TYPE_CHECKING:
    from app.cms.signed_data.parsing import SignedData

_ID_TST_INFO = "1.2.840.113549.1.9.16.1.4"  # The eContentType of a token.

_DIRECTORY_NAME = 0xA4
# Bytes of a TSTInfo; those of the NCA have 120.
MAX_INFO_SIZE = 4096
# Extensions of a TSTInfo that are read.
_MAX_EXTENSIONS = 16
# seconds, millis and micros; the latter two are below this.
_ACCURACY = (tags.INTEGER, tags.IMPLICIT_0, tags.IMPLICIT_1)
_THOUSAND = 1000
_OTHER_VERSION = Reason("the timestamp is of a version that is unknown here")
_BROKEN_ACCURACY = Reason("the accuracy of the timestamp can't be read")
_MORE_FIELDS = Reason("the timestamp has further fields, which are unknown here")


@dataclass(frozen=True, slots=True)
class TimestampClaims:
    """The claims of a token (section 2.4.2).

    `gen_time` is in UTC, `policy` and `imprint_algorithm` are dotted, `serial_number` may be
    negative; `authority` is the name of the TSA, None if it is not given. `imprint` is the digest
    of the timestamped data, `nonce` that of the request, None if it had none. `accuracy` is how far
    the true time may be from `gen_time`, either way; `doubt` is why the whole can't be relied on,
    if it can't.
    """

    gen_time: datetime
    policy: str
    serial_number: int
    authority: str | None
    imprint_algorithm: str
    imprint: bytes
    nonce: int | None
    _node: Node = field(repr=False, compare=False)
    accuracy: timedelta = timedelta()
    doubt: Reason | None = None

    @property
    def token(self) -> bytes:
        """The encoded ContentInfo."""
        return self._node.encoded


class TimestampToken:
    """A TimeStampToken whose parts are parsed on first use, and only once."""

    def __init__(self, node: Node) -> None:
        """Take the ContentInfo."""
        self.node = node

    @cached_property
    def claims(self) -> TimestampClaims:
        """What its TSTInfo says. Raises one of node.DAMAGE if it is broken."""
        content_info = self.node.fields()
        content_info.take(tags.OBJECT_IDENTIFIER)
        signed_data = content_info.take(tags.EXPLICIT_0).only().fields()
        signed_data.take(tags.INTEGER)
        signed_data.take(tags.SET)
        encapsulated = signed_data.take(tags.SEQUENCE).fields()
        if encapsulated.take(tags.OBJECT_IDENTIFIER).identifier() != _ID_TST_INFO:
            raise ValueError("not a TSTInfo")
        info = encapsulated.take(tags.EXPLICIT_0).only().octets()
        if len(info) > MAX_INFO_SIZE:
            raise ValueError("a TSTInfo is not that large")
        return _read_info(read_node(info), self.node)

    @cached_property
    def signed_data(self) -> "SignedData":
        """The SignedData, without its signers' certificates. Raises one of node.DAMAGE."""
        # A token is a SignedData that may contain tokens, so the two modules import each other.
        from app.cms.signed_data.parsing import parse_signed_data  # noqa: PLC0415

        return parse_signed_data(self.node, with_certificates=False)

    @cached_property
    def claims_with_authority(self) -> TimestampClaims:
        """The claims; the TSA's name is taken from its embedded certificate if they lack it."""
        if self.claims.authority:
            return self.claims
        return replace(self.claims, authority=self._find_authority())

    def _find_authority(self) -> str | None:
        try:
            parsed = self.signed_data
            found = [one.find_certificate(parsed.certificate_set) for one in parsed.signers]
        except DAMAGE:
            return None
        return _name(found[0].subject)


def _read_info(info: Node, token: Node) -> TimestampClaims:
    """Read TSTInfo (section 2.4.2)."""
    fields = info.fields()
    version = fields.take(tags.INTEGER)
    policy = fields.take(tags.OBJECT_IDENTIFIER).identifier()
    message_imprint = fields.take(tags.SEQUENCE).fields()
    imprint_algorithm = message_imprint.take(tags.SEQUENCE).algorithm().oid
    imprint = message_imprint.take(tags.OCTET_STRING).octets()
    serial_number = fields.take(tags.INTEGER).integer()
    gen_time = fields.take(tags.GENERALIZED_TIME).time()
    accuracy = fields.optional(tags.SEQUENCE)
    fields.optional(tags.BOOLEAN)  # ordering
    nonce = fields.optional(tags.INTEGER)
    authority = fields.optional(tags.EXPLICIT_0)
    extensions = fields.optional(tags.EXPLICIT_1)
    limits = _read_accuracy(accuracy)
    return TimestampClaims(
        gen_time=gen_time,
        policy=policy,
        serial_number=serial_number,
        authority=_read_authority(authority) if authority else None,
        imprint_algorithm=imprint_algorithm,
        imprint=imprint,
        nonce=nonce.integer(MAX_INFO_SIZE) if nonce else None,
        _node=token,
        accuracy=limits or timedelta(),
        doubt=_doubt_version(version)
        or (_BROKEN_ACCURACY if limits is None else None)
        or _doubt_extensions(extensions)
        or (_MORE_FIELDS if fields.rest() else None),
    )


def _doubt_version(version: Node) -> Reason | None:
    """Return why a TSTInfo may mean something else, unless it is of version 1, the only one."""
    return None if version.contents == b"\1" else _OTHER_VERSION


def _read_accuracy(accuracy: Node | None) -> timedelta | None:
    """Read Accuracy: seconds, milliseconds and microseconds; None if it is malformed."""
    if accuracy is None:
        return timedelta()
    try:
        fields = accuracy.fields()
        parts = [fields.optional(tag) for tag in _ACCURACY]
        fields.end()
        numbers = [int.from_bytes(one.contents, "big", signed=True) if one else 0 for one in parts]
        if min(numbers) < 0 or max(numbers[1:]) >= _THOUSAND:
            return None
        seconds, millis, micros = numbers
        return timedelta(seconds=seconds, milliseconds=millis, microseconds=micros)
    except (OverflowError, *DAMAGE):
        return None


def _doubt_extensions(extensions: Node | None) -> Reason | None:
    """Return why the extensions forbid to rely on a token: none is known here."""
    if extensions is None:
        return None
    try:
        listed = [one.extension() for one in extensions.children(_MAX_EXTENSIONS)]
    except DAMAGE:
        return Reason("the extensions of the timestamp can't be read")
    for oid, critical, _ in listed:
        if critical:
            return Reason(
                "the timestamp has a critical extension that is unknown here: {oid}", {"oid": oid}
            )
    return None


def _read_authority(tsa: Node) -> str | None:
    """Return the name in the field tsa, if it is a directoryName: other kinds name machines."""
    general_name = tsa.only()
    if general_name.tag != _DIRECTORY_NAME:
        return None
    return _name(general_name.only().encoded)


def _name(name: bytes) -> str | None:
    """Return the common name, or else the organisation."""
    read = read_name(name)
    return read.value(names.COMMON_NAME) or read.value(names.ORGANISATION)
