"""One signer of a CMS by itself, without the content: a detached signature of its own.

The SignerInfo stays byte for byte, so that the signature value and what covers it remain.
"""

from __future__ import annotations

from app.cms.asn1.der import encode
from app.cms.asn1.node import Node, read_node
from app.cms.asn1.tags import EXPLICIT_0, SEQUENCE, SET
from app.cms.augmentation.errors import CannotAugment
from app.cms.errors import MalformedSignature
from app.cms.signed_data.parsing import (
    MAX_CERTIFICATES,
    MAX_SIGNERS,
    group_same,
    parse_signed_data,
    signed_data_fields,
)


def separate(cms: bytes, number: int) -> bytes:
    """Return a CMS with one signer, by its number, and without the content.

    Certificates of other signers are left out; all else that came with the signature is kept.
    Raises MalformedSignature, and CannotAugment if there is no such signer.
    """
    try:
        node = read_node(cms)
        signature = parse_signed_data(node)
    except ValueError as error:
        raise MalformedSignature("cms: {field} is malformed", field="SignedData") from error
    if not 0 < number <= len(signature.signers):
        raise CannotAugment("there is no signer {number}", number=number)
    version, digests, encapsulated, *optional, infos = signed_data_fields(node)
    own = signature.signers[number - 1].certificate.der
    others = {one.certificate.der for one in signature.signers} - {own}
    kept = [_without(one, others) if one.tag == EXPLICIT_0 else one.encoded for one in optional]
    same = group_same(infos.elements(MAX_SIGNERS))[number - 1]
    content_type = encapsulated.elements(2)[0].encoded
    fields = [
        version.encoded,
        digests.encoded,
        encode(SEQUENCE, content_type),
        *kept,
        encode(SET, b"".join(one.encoded for one in same)),
    ]
    kind = node.elements(2)[0].encoded
    signed_data = encode(SEQUENCE, b"".join(fields))
    return encode(SEQUENCE, kind + encode(EXPLICIT_0, signed_data))


def _without(certificates: Node, others: set[bytes]) -> bytes:
    """Return the field `certificates` without some."""
    listed = [one.encoded for one in certificates.elements(MAX_CERTIFICATES)]
    return encode(EXPLICIT_0, b"".join(one for one in listed if one not in others))
