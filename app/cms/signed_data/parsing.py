"""SignedData of CMS (RFC 5652 section 5): parsing, without verifying.

All is read in place, since the content may be megabytes large.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.cms.asn1.node import Node
from app.cms.asn1.oid import dotted
from app.cms.asn1.tags import EXPLICIT_0, EXPLICIT_1, INTEGER, OBJECT_IDENTIFIER, SEQUENCE, SET
from app.cms.errors import MalformedSignature, refuse_number
from app.cms.signed_data.certificate_set import CertificateSet
from app.cms.signed_data.signer_choice import SignerChooser
from app.cms.signed_data.signer_info import MAX_FIELDS, SignerInfo, read_signer_info
from app.cms.x509.certificate import MAX_CERTIFICATE_SIZE

MAX_SIGNERS = 256
MAX_CERTIFICATES = 1024
# Elements of SignedData.crls that are read.
MAX_REVOCATION_INFOS = 128

_ID_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_CONTENT_INFO = bytes((OBJECT_IDENTIFIER, EXPLICIT_0))
# The tags that the fields of a SignedData may have: version, digestAlgorithms, encapContentInfo,
# certificates (optional), crls (optional), signerInfos.
_LAYOUTS = [
    bytes((INTEGER, SET, SEQUENCE, *certificates, *crls, SET))
    for certificates in ((), (EXPLICIT_0,))
    for crls in ((), (EXPLICIT_1,))
]


@dataclass(frozen=True, slots=True, eq=False)
class SignedData:
    """A signature in CMS form.

    `content_type` is the dotted eContentType, `content_size` the size in bytes of the attached
    content or None if it is detached. `trailing_zeros` are the zero bytes that followed it and were
    dropped.
    """

    content_type: str
    content_size: int | None
    signers: tuple[SignerInfo, ...]
    #: The embedded CertificateChoices.
    certificate_set: CertificateSet = field(repr=False)
    #: The ContentInfo, the OCTET STRING (or its pieces) that is eContent, and the field crls.
    content_info: Node = field(repr=False)
    _content: Node | None = field(repr=False)
    _crls: Node | None = field(repr=False)
    trailing_zeros: int = 0

    def __eq__(self, other: object) -> bool:
        """Return whether both are the same bytes."""
        return isinstance(other, SignedData) and self.der == other.der

    def __hash__(self) -> int:
        """Hash the bytes."""
        return hash(self.der)

    @property
    def der(self) -> bytes:
        """The decoded ContentInfo (BER or DER)."""
        return self.content_info.encoded

    @property
    def attached(self) -> bool:
        """Whether the content came with the signature."""
        return self.content_size is not None

    @property
    def content(self) -> bytes | None:
        """The attached content without the OCTET STRING around it, its segments joined.

        That is what is hashed (section 5.4).
        """
        return self._content.octets() if self._content else None

    @property
    def certificates(self) -> int:
        """The number of embedded certificates."""
        return len(self.certificate_set)

    @property
    def signer_infos(self) -> int:
        """The number of SignerInfos, of which several may be copies of one signer's."""
        return len(signed_data_fields(self.content_info)[-1].elements(MAX_SIGNERS))

    @property
    def revocation_infos(self) -> list[Node]:
        """The RevocationInfoChoices; none if they are damaged or too many."""
        return self._crls.children_if_sound(MAX_REVOCATION_INFOS) if self._crls else []


def parse_signed_data(content_info: Node, *, with_certificates: bool = True) -> SignedData:
    """Parse a ContentInfo of type signed-data.

    The certificates of its signers must be embedded, unless `with_certificates` is false.

    Raises MalformedSignature, or ValueError for an eContentType that is no object identifier.
    """
    fields = signed_data_fields(content_info)
    signer_infos = fields.pop()
    content_type, content, content_size = _read_content(fields[2])
    optional = {node.tag: node for node in fields[3:]}
    certificates = CertificateSet(_list_certificates(optional.get(EXPLICIT_0)))
    listed = signer_infos.elements(MAX_SIGNERS)
    if not listed:
        raise MalformedSignature("cms: SignedData has no signer")
    if len(listed) > MAX_SIGNERS:
        refuse_number("SignerInfo", MAX_SIGNERS)
    source = certificates if with_certificates else None
    choose = SignerChooser(content).choose
    signers = tuple(
        [
            read_signer_info(same, number, content_type, source, choose)
            for number, same in enumerate(group_same(listed), 1)
        ]
    )
    return SignedData(
        content_type=dotted(content_type),
        content_size=content_size,
        signers=signers,
        certificate_set=certificates,
        content_info=content_info,
        _content=content,
        _crls=optional.get(EXPLICIT_1),
    )


def signed_data_fields(content_info: Node) -> list[Node]:
    """Return the fields of the SignedData in a ContentInfo (sections 3 and 5.1)."""
    info = content_info.layout(_CONTENT_INFO)
    if not info or info[0].contents != _ID_SIGNED_DATA:
        raise MalformedSignature("cms: not a ContentInfo of type signed-data")
    content = info[1].layout(bytes((SEQUENCE,)))
    fields = content[0].layout(*_LAYOUTS) if content else []
    if not fields or not fields[0].contents:
        raise MalformedSignature("cms: {field} is malformed", field="SignedData")
    return fields


def _read_content(encapsulated: Node) -> tuple[bytes, Node | None, int | None]:
    """Return the encoded eContentType, and eContent and its size if there is one (section 5.2)."""
    parts = encapsulated.layout(_CONTENT_INFO[:1], _CONTENT_INFO)
    content = parts[1].elements(1) if len(parts) == 2 else []
    size = content[0].count_octets() if len(content) == 1 else None
    if not parts or (len(parts) == 2 and size is None):
        raise MalformedSignature("cms: {field} is malformed", field="encapContentInfo")
    return parts[0].contents, content[0] if content else None, size


def _list_certificates(field: Node | None) -> list[Node]:
    """List the CertificateSet (section 10.2.3)."""
    listed = field.elements(MAX_CERTIFICATES) if field else []
    if len(listed) > MAX_CERTIFICATES:
        refuse_number("certificates", MAX_CERTIFICATES)
    for number, certificate in enumerate(listed, 1):
        if certificate.size > MAX_CERTIFICATE_SIZE:
            raise MalformedSignature(
                "cms: certificate {number} is larger than {limit} bytes",
                number=number,
                limit=MAX_CERTIFICATE_SIZE,
            )
        certificate.remember()
    return listed


def group_same(nodes: Sequence[Node]) -> list[list[Node]]:
    """Group SignerInfos into signers: copies of one SignerInfo are one signer.

    Unsigned attributes make no difference: a copy may have a timestamp that another lacks. The
    order is that of the first of each.
    """
    if len(nodes) == 1:
        return [[nodes[0]]]
    found: dict[bytes, list[Node]] = {}
    for node in nodes:
        found.setdefault(_without_unsigned(node), []).append(node)
    return list(found.values())


def _without_unsigned(node: Node) -> bytes:
    """Return the contents of a SignerInfo up to its unsigned attributes, if it is one."""
    fields = node.elements(MAX_FIELDS) if node.tag == SEQUENCE else []
    if fields and fields[-1].tag == EXPLICIT_1:
        return node.contents[: -fields[-1].size]
    return node.contents
