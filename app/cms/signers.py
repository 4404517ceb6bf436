"""What a signature says of its signers and its content, without verifying: claims, all of it.

Parsing has kept what storing needs. The rest is read here from the same bytes, which have passed
the scan: they hold together, and the fields that parsing checks are as they should be.
"""

from dataclasses import dataclass
from datetime import datetime

from app.cms.algorithms import DIGEST_URIS, SIGNATURE_URIS, AlgorithmIdentifier
from app.cms.ber import OBJECT_IDENTIFIER, SEQUENCE, SET, Element, Scanned
from app.cms.claims import Claims, claims_of
from app.cms.nodes import DAMAGE, Node
from app.cms.signed_data import (
    MAX_ATTRIBUTES,
    SignedCms,
    Signer,
)
from app.cms.signed_xml import SignedXml, parse_document
from app.cms.status import Reason
from app.cms.timestamp_claims import TimestampClaims, read_token
from app.cms.x509 import Certificate, read_certificate
from app.cms.xades_times import find_signing_time, read_signing_time
from app.cms.xml_signatures import XmlSignature, find_signatures

CONTENT_TYPES = {
    "1.2.840.113549.1.7.1": "data",
    "1.2.840.113549.1.7.2": "signedData",
    "1.2.840.113549.1.7.3": "envelopedData",
    "1.2.840.113549.1.7.5": "digestedData",
    "1.2.840.113549.1.9.16.1.4": "TSTInfo",
}
"""Content types by their object identifiers (RFC 5652, RFC 3161)."""

# Encoded attribute types: RFC 5652 sections 11.2 and 11.3, RFC 3161 appendix A.
_MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")
_SIGNING_TIME = bytes.fromhex("2a864886f70d010905")
_TIMESTAMP = bytes.fromhex("2a864886f70d010910020e")
_UNSIGNED_ATTRIBUTES = 0xA1
# version, sid, digestAlgorithm, signedAttrs, signatureAlgorithm, signature, unsignedAttrs.
_MAX_FIELDS = 7
# Tokens of one signer that are tried; one is usual.
_MAX_TOKENS = 4
_BROKEN_TIME = Reason("the signing time is broken")


@dataclass(frozen=True, slots=True)
class SignerClaims:
    """What is said of one signer, `number` counted from 1 in the order of the signature.

    Algorithms are dotted; of XML signatures, whose methods are URIs, those that are not known stay
    URIs. `message_digest` is the signed attribute, `timestamp` the first token that can be read;
    both are None for XML. `notes` are sentences about what is odd beside what `claims` notes.
    """

    number: int
    certificate: Certificate
    claims: Claims
    digest_algorithm: str
    signature_algorithm: AlgorithmIdentifier
    claimed_signing_time: datetime | None
    message_digest: bytes | None
    timestamp: TimestampClaims | None
    notes: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class SignedContent:
    """What was signed: `size` in bytes, None if it is detached.

    `content_type` is a name of CONTENT_TYPES or dotted, and "xml" for a signed document, which is
    its own content.
    """

    attached: bool
    size: int | None
    content_type: str


def describe(signature: SignedCms | SignedXml) -> tuple[SignerClaims, ...]:
    """Say what a parsed signature claims of each of its signers.

    Whatever is odd or damaged in what parsing doesn't check becomes None and a note.
    """
    if isinstance(signature, SignedXml):
        return _describe_xml(signature)
    return tuple(
        [
            _describe_signer(signature.scanned, same, number, signer)
            for number, (same, signer) in enumerate(
                zip(signature.infos, signature.signers, strict=True), 1
            )
        ]
    )


def _describe_signer(
    value: Scanned, same: tuple[Element, ...], number: int, signer: Signer
) -> SignerClaims:
    fields = value.elements(same[0][2], same[0][3], _MAX_FIELDS)
    signed = fields.pop(3) if signer.has_signed_attributes else None
    attributes = _read_attributes(value, signed, (_SIGNING_TIME, _MESSAGE_DIGEST))
    tokens = [token for element in same for token in _list_tokens(value, element)]
    digest = attributes[_MESSAGE_DIGEST]
    certificate = read_certificate(signer.certificate)
    notes: list[Reason] = []
    return SignerClaims(
        number=number,
        certificate=certificate,
        claims=claims_of(certificate),
        digest_algorithm=signer.digest_algorithm,
        signature_algorithm=Node(value, fields[3]).algorithm(),
        claimed_signing_time=_read_signing_time(attributes[_SIGNING_TIME], notes),
        message_digest=digest[0].contents if digest else None,
        timestamp=_read_timestamp(tokens, notes),
        notes=tuple(notes),
    )


def _list_tokens(value: Scanned, signer_info: Element) -> list[Node]:
    """List the timestamp tokens in a SignerInfo."""
    last = value.elements(signer_info[2], signer_info[3], _MAX_FIELDS)[-1]
    unsigned = last if last[0] == _UNSIGNED_ATTRIBUTES else None
    return _read_attributes(value, unsigned, (_TIMESTAMP,))[_TIMESTAMP]


def _read_attributes(
    value: Scanned, attributes: Element | None, wanted: tuple[bytes, ...]
) -> dict[bytes, list[Node]]:
    """Return all values of the wanted types of attributes (RFC 5652 section 5.3).

    What is no attribute is left out: unsigned attributes may be anything.
    """
    found: dict[bytes, list[Node]] = {kind: [] for kind in wanted}
    if attributes is None:
        return found
    for attribute in value.elements(attributes[2], attributes[3], MAX_ATTRIBUTES):
        if attribute[0] != SEQUENCE:
            continue
        parts = value.elements(attribute[2], attribute[3], 2)
        if [part[0] for part in parts] == [OBJECT_IDENTIFIER, SET]:
            kind = value.data[parts[0][2] : parts[0][3]]
            if kind in found:
                values = value.elements(parts[1][2], parts[1][3], MAX_ATTRIBUTES)
                found[kind] += [Node(value, element) for element in values]
    return found


def _read_signing_time(values: list[Node], notes: list[Reason]) -> datetime | None:
    """Read the signing time (RFC 5652 section 11.3), which must stand once if at all."""
    if not values:
        return None
    if len(values) == 1:
        try:
            return values[0].time()
        except DAMAGE:
            pass
    notes.append(_BROKEN_TIME)
    return None


def _read_timestamp(values: list[Node], notes: list[Reason]) -> TimestampClaims | None:
    """Read the first timestamp token that can be read."""
    for token in values[:_MAX_TOKENS]:
        try:
            return read_token(token.encoded)
        except DAMAGE:
            continue
    if values:
        notes.append(Reason("the timestamp token is broken"))
    return None


def _describe_xml(signature: SignedXml) -> tuple[SignerClaims, ...]:
    times = _find_signing_times(signature)
    return tuple(
        [
            _describe_xml_signer(one, number, times.get(number))
            for number, one in enumerate(signature.signatures, 1)
        ]
    )


def _describe_xml_signer(
    signature: XmlSignature, number: int, signing_time: str | None
) -> SignerClaims:
    method, digest_method = signature.signature_method, signature.digest_methods[0]
    known = SIGNATURE_URIS.get(method)
    certificate = read_certificate(signature.certificate)
    moment = read_signing_time(signing_time) if signing_time is not None else None
    broken = signing_time is not None and moment is None
    return SignerClaims(
        number=number,
        certificate=certificate,
        claims=claims_of(certificate),
        digest_algorithm=DIGEST_URIS.get(digest_method, digest_method),
        signature_algorithm=known[0] if known else AlgorithmIdentifier(method),
        claimed_signing_time=moment,
        message_digest=None,
        timestamp=None,
        notes=(_BROKEN_TIME,) if broken else (),
    )


def _find_signing_times(signature: SignedXml) -> dict[int, str]:
    """Find what XAdES has as SigningTime, by the numbers of the signatures that state one.

    Few documents have any, and only then is the document read again.
    """
    if b"SigningTime" not in signature.xml:
        return {}
    root = parse_document(signature.xml.decode())
    found = {}
    for number, (element, _) in enumerate(find_signatures(root), 1):
        time = find_signing_time(element)
        if time is not None:
            found[number] = time
    return found


def describe_content(signature: SignedCms | SignedXml) -> SignedContent:
    """Say what kind of content was signed, and whether it is attached."""
    if isinstance(signature, SignedXml):
        return SignedContent(attached=True, size=len(signature.xml), content_type="xml")
    kind = signature.content_type
    return SignedContent(signature.attached, signature.content_size, CONTENT_TYPES.get(kind, kind))


def attached_content(signature: SignedCms | SignedXml) -> bytes | None:
    """Return the attached content; None if it is detached, and for a signed document.

    It is the value without the OCTET STRING around it, whose pieces are joined: what is hashed
    (RFC 5652 section 5.4).
    """
    if isinstance(signature, SignedXml) or not signature.attached:
        return None
    value, encapsulated = signature.scanned, signature.fields[2]
    explicit = value.elements(encapsulated[2], encapsulated[3], 2)[1]
    return Node(value, explicit).only().octets()
