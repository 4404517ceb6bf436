"""The parts of a SignedData (RFC 5652 section 5) that verifying needs, taken from its bytes.

Parsing has found them once and kept what storing needs; here they are found again. Only the
unsigned attributes, the CRLs and what is inside of signed attributes is news.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.cms.algorithms import AlgorithmIdentifier
from app.cms.ber import (
    EXPLICIT_0,
    INTEGER,
    OBJECT_IDENTIFIER,
    SEQUENCE,
    SET,
)
from app.cms.nodes import DAMAGE, Node, root_node
from app.cms.signed_data import (
    MAX_ATTRIBUTES,
    MAX_CERTIFICATES,
    SignedCms,
    Signer,
)

# Elements of SignedData.crls that are looked at.
MAX_REVOCATION_INFOS = 64
# Values of one attribute; nearly all have one.
MAX_VALUES = 64

_EXPLICIT_1 = 0xA1
_IMPLICIT_0 = 0x80

Attributes = Mapping[str, list[Node]]
"""Attribute type, with dots -> each of its values, also of all attributes of that type."""


@dataclass(frozen=True, slots=True)
class SignerParts:
    """One SignerInfo (RFC 5652 section 5.3).

    `certificate` is the embedded one (DER), `signed` the [0] that holds the signed attributes, or
    None if there are none; `signed_attributes` are None if they can't be read. Unsigned attributes
    that are damaged are left out: nobody signed them.
    """

    certificate: bytes
    digest_algorithm: str
    signature_algorithm: AlgorithmIdentifier
    signature: bytes
    signed: Node | None
    signed_attributes: Attributes | None
    unsigned_attributes: Attributes


@dataclass(frozen=True, slots=True)
class SignedParts:
    """One SignedData (RFC 5652 section 5.1).

    `content` is the value of the attached content, without the OCTET STRING around it, or None;
    `revocation_infos` are the RevocationInfoChoices.
    """

    content: bytes | None
    certificates: list[Node]
    revocation_infos: list[Node]
    signers: list[SignerParts]


def read_parts(signature: SignedCms) -> SignedParts:
    """Take apart a signature that has been parsed.

    Raises one of nodes.DAMAGE, hardly ever.
    """
    content_info = root_node(signature.scanned).fields()
    content_info.take(OBJECT_IDENTIFIER)
    fields = content_info.take(EXPLICIT_0).only().fields()
    fields.take(INTEGER)
    fields.take(SET)
    encapsulated = fields.take(SEQUENCE).fields()
    encapsulated.take(OBJECT_IDENTIFIER)
    content = encapsulated.optional(EXPLICIT_0)
    certificates = fields.optional(EXPLICIT_0)
    infos = fields.optional(_EXPLICIT_1)
    fields.take(SET)
    return SignedParts(
        content=content.only().octets() if content else None,
        certificates=certificates.children(MAX_CERTIFICATES) if certificates else [],
        revocation_infos=_list_leniently(infos, MAX_REVOCATION_INFOS) if infos else [],
        signers=[
            _read_signer([Node(signature.scanned, one) for one in same], signer)
            for same, signer in zip(signature.infos, signature.signers, strict=True)
        ],
    )


def _read_signer(nodes: list[Node], signer: Signer) -> SignerParts:
    """Read a SignerInfo, and the unsigned attributes of its further copies."""
    fields = nodes[0].fields()
    fields.take(INTEGER)
    fields.take(SEQUENCE, _IMPLICIT_0)
    fields.take(SEQUENCE)
    signed = fields.optional(EXPLICIT_0)
    algorithm = fields.take(SEQUENCE).algorithm()
    signature = fields.rest()[0].octets()
    unsigned = [node.children()[-1] for node in nodes]
    return SignerParts(
        certificate=signer.certificate,
        digest_algorithm=signer.digest_algorithm,
        signature_algorithm=algorithm,
        signature=signature,
        signed=signed,
        signed_attributes=_read_signed(signed) if signed else {},
        unsigned_attributes=_read_unsigned([one for one in unsigned if one.tag == _EXPLICIT_1]),
    )


def _read_signed(node: Node) -> Attributes | None:
    found: dict[str, list[Node]] = {}
    try:
        for attribute in node.children(MAX_ATTRIBUTES):
            kind, values = _read_attribute(attribute)
            found.setdefault(kind, []).extend(values)
    except DAMAGE:
        return None
    return found


def _read_unsigned(nodes: list[Node]) -> Attributes:
    found: dict[str, list[Node]] = {}
    listed = [one for node in nodes for one in _list_leniently(node, MAX_ATTRIBUTES)]
    for attribute in listed[:MAX_ATTRIBUTES]:
        try:
            kind, values = _read_attribute(attribute)
        except DAMAGE:
            continue
        found.setdefault(kind, []).extend(values)
    return found


def _read_attribute(attribute: Node) -> tuple[str, list[Node]]:
    fields = attribute.fields(2)
    kind = fields.take(OBJECT_IDENTIFIER).identifier()
    return kind, fields.take(SET).children(MAX_VALUES)


def _list_leniently(node: Node, limit: int) -> list[Node]:
    """Return what is inside, or nothing if it is damaged or too much."""
    try:
        return node.children(limit)
    except DAMAGE:
        return []
