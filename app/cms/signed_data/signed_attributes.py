"""The signed attributes of a SignerInfo (RFC 5652 sections 5.3 and 11). Unverified."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn, TypeAlias

from app.cms.asn1 import tags
from app.cms.asn1.node import DAMAGE, Node
from app.cms.errors import MalformedSignature, refuse_number
from app.cms.verdict import Reason

# Attributes of one kind, signed or not; real ones are 3 to 8. And values of one attribute.
MAX_ATTRIBUTES = 64
MAX_VALUES = 64

# Object identifiers as they are encoded: comparing bytes is cheaper than decoding.
_CONTENT_TYPE = bytes.fromhex("2a864886f70d010903")
_MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")
_SIGNING_TIME = bytes.fromhex("2a864886f70d010905")
_REQUIRED = {_CONTENT_TYPE: "content-type", _MESSAGE_DIGEST: "message-digest"}
BROKEN_TIME = Reason("the signing time is broken")

Attributes: TypeAlias = Mapping[str, list[Node]]
"""Dotted attribute type -> all values, of all attributes of that type."""

#: The tags of an attribute's fields.
ATTRIBUTE = bytes((tags.OBJECT_IDENTIFIER, tags.SET))
# Bytes of an encoded message digest: none has more than 64, and it is stored for each signer.
_MAX_DIGEST = 128
_EMPTY_DIGEST = bytes((tags.OCTET_STRING, 0))


@dataclass(frozen=True, slots=True)
class SignedAttributes:
    """What the signed attributes say: encoded type and values of each, and of some the meaning."""

    listed: Sequence[tuple[bytes, list[Node]]] = ()
    signing_time: datetime | None = None
    message_digest: bytes | None = None
    notes: tuple[Reason, ...] = ()


NO_ATTRIBUTES = SignedAttributes()


def read_signed_attributes(signed: Node, number: int, content_type: bytes) -> SignedAttributes:
    """Read the signed attributes of SignerInfo `number`.

    `content_type` is the encoded eContentType. Raises MalformedSignature.
    """
    listed = _read_signed(signed, number, content_type)
    times = [one for kind, values in listed if kind == _SIGNING_TIME for one in values]
    digests = [values[0] for kind, values in listed if kind == _MESSAGE_DIGEST]
    signing_time = _read_time(times)
    return SignedAttributes(
        listed,
        signing_time,
        _read_digest(digests),
        (BROKEN_TIME,) if times and signing_time is None else (),
    )


def _read_signed(signed: Node, number: int, content_type: bytes) -> list[tuple[bytes, list[Node]]]:
    """Return the signed attributes, checked as RFC 5652 requires (sections 5.3, 11.1, 11.2)."""
    listed = signed.elements(MAX_ATTRIBUTES)
    if len(listed) > MAX_ATTRIBUTES:
        refuse_number("signedAttrs", MAX_ATTRIBUTES)
    attributes: list[tuple[bytes, list[Node]]] = []
    required: dict[bytes, Node] = {}
    for attribute in listed:
        parts = attribute.layout(ATTRIBUTE) if attribute.tag == tags.SEQUENCE else ()
        if not parts:
            refuse_field(number, "signedAttrs")
        kind, values = parts[0].contents, parts[1].elements(MAX_VALUES)
        attributes.append((kind, values))
        if kind in _REQUIRED:
            if kind in required or len(values) != 1:
                _refuse_attribute(number, kind)
            required[kind] = values[0]
    for kind in _REQUIRED:
        if kind not in required:
            _refuse_attribute(number, kind)
    _check_required(required, number, content_type)
    return attributes


def _check_required(required: Mapping[bytes, Node], number: int, content_type: bytes) -> None:
    # An identifier within the limit has its length in one octet.
    expected = bytes((tags.OBJECT_IDENTIFIER, len(content_type))) + content_type
    if required[_CONTENT_TYPE].encoded != expected:
        raise MalformedSignature(
            "cms: signer {number}: content-type attribute differs from eContentType", number=number
        )
    digest = required[_MESSAGE_DIGEST]
    if digest.tag != tags.OCTET_STRING or digest.encoded == _EMPTY_DIGEST:
        refuse_field(number, "message-digest")


def _read_digest(claimed: Sequence[Node]) -> bytes | None:
    """Return the first message digest; None for one that is longer than any digest."""
    if not claimed or claimed[0].size > _MAX_DIGEST:
        return None
    return claimed[0].contents


def _read_time(values: Sequence[Node]) -> datetime | None:
    """Read the signing time (section 11.3), which must occur once if at all."""
    try:
        return values[0].time() if len(values) == 1 else None
    except DAMAGE:
        return None


def refuse_field(number: int, name: str) -> NoReturn:
    """Refuse a field of SignerInfo `number`. Raises MalformedSignature."""
    raise MalformedSignature(
        "cms: signer {number}: {field} is malformed", number=number, field=name
    )


def _refuse_attribute(number: int, kind: bytes) -> NoReturn:
    raise MalformedSignature(
        "cms: signer {number}: {attribute} attribute must stand once, with one value",
        number=number,
        attribute=_REQUIRED[kind],
    )
