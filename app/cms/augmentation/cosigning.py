"""Signers of one CMS added to another over the same content (RFC 5652 section 5.1).

Everything that is there stays as it stands, byte for byte and in its order; what is new follows it.
So the elements of a SET are not in the order of DER, which only the signed attributes need.
"""

from collections.abc import Mapping, Sequence
from typing import NoReturn

from app.cms.asn1.der import encode_integer
from app.cms.asn1.node import DAMAGE, Node, read_node
from app.cms.asn1.tags import EXPLICIT_0, EXPLICIT_1, SEQUENCE
from app.cms.augmentation.additions import extend
from app.cms.augmentation.errors import CannotAugment
from app.cms.augmentation.splicing import Change, insert, replace
from app.cms.errors import MalformedSignature
from app.cms.signed_data.parsing import (
    MAX_CERTIFICATES,
    MAX_REVOCATION_INFOS,
    MAX_SIGNERS,
    SignedData,
    group_same,
    parse_signed_data,
    signed_data_fields,
)
from app.cms.signed_data.signer_info import SignerInfo

# Of a SignedData; one for each digest algorithm in use.
_MAX_DIGEST_ALGORITHMS = 64
# The highest version that a signer alone requires: one named by a key identifier.
_VERSION_BY_KEY = 3


def add_signers(cms: bytes, other: bytes) -> bytes:
    """Return a copy of a CMS with the signers of another one, and what they need of it.

    That is: each SignerInfo that `cms` lacks, certificates, revocation data and digest algorithms.
    If it lacks none, the copy is the same. Content attached to `other` is left out. Whether both
    are over the same content, and whether anything verifies, is for the caller to know.

    Args:
        cms: in BER or DER; lengths stay indefinite where they are.
        other: in BER or DER; its elements are copied as they stand.

    Raises:
        MalformedSignature: one of them is no CMS that can be read.
        CannotAugment: the content types differ, there would be too many of a kind, or the
            certificate of a signer would be found to be another one.
    """
    present, new = _read(cms), _read(other)
    if present.content_type != new.content_type:
        raise CannotAugment(
            "the content types {first} and {second} differ",
            first=present.content_type,
            second=new.content_type,
        )
    added = new_signers(present, new)
    if not added:
        return present.der
    whole = _splice(present, new, added)
    _require_same_certificates([*present.signers, *new.signers], _read(whole))
    return whole


def new_signers(present: SignedData | None, new: SignedData) -> list[SignerInfo]:
    """Return the signers of a CMS that another one lacks: all of them if there is none."""
    if present is None:
        return list(new.signers)
    known = {_key(signer) for signer in present.signers}
    return [signer for signer in new.signers if _key(signer) not in known]


def _read(cms: bytes) -> SignedData:
    """Parse a CMS. Raises MalformedSignature."""
    try:
        return parse_signed_data(read_node(cms, trailing_zeros=True))
    except ValueError as error:
        raise MalformedSignature("cms: {field} is malformed", field="SignedData") from error


def _key(signer: SignerInfo) -> tuple[bytes, bytes, bytes]:
    """Return what makes a SignerInfo the same as another: all but unsigned attributes."""
    signed = signer.signed.encoded if signer.signed else b""
    identifier = signer.identifier.encoded if signer.identifier else b""
    return identifier, signed, signer.signature


def _encoded_infos(new: SignedData, signers: Sequence[SignerInfo]) -> list[bytes]:
    """Return the SignerInfos of some signers, each with its copies."""
    numbers = {signer.number for signer in signers}
    groups = group_same(signed_data_fields(new.content_info)[-1].elements(MAX_SIGNERS))
    return [
        info.encoded
        for number, group in enumerate(groups, 1)
        if number in numbers
        for info in group
    ]


def _splice(present: SignedData, new: SignedData, signers: Sequence[SignerInfo]) -> bytes:
    """Return the CMS with all that is added. Raises CannotAugment or MalformedSignature."""
    [_, explicit] = present.content_info.children(2)
    fields, theirs = map(signed_data_fields, (present.content_info, new.content_info))
    lists = {node.tag: node for node in fields[3:-1]}
    offered = {node.tag: node for node in theirs[3:-1]}
    by_key = any(signer.identified_by == "subjectKeyIdentifier" for signer in signers)
    changes = [
        *_raise_version(fields[0], theirs[0], _VERSION_BY_KEY if by_key else 0),
        *_add_algorithms(fields[1], theirs[1]),
        *_add_lists(lists, offered, fields[2].span[1]),
        *_append(fields[-1], _encoded_infos(new, signers), MAX_SIGNERS),
    ]
    signed_data = replace(explicit.only(), changes)
    [whole] = replace(present.content_info, replace(explicit, signed_data))
    return b"".join(whole.pieces)


def _raise_version(version: Node, other: Node, least: int) -> list[Change]:
    """Return the change to the other's version, or to `least`, if that is higher."""
    try:
        present, needed = version.integer(), max(other.integer(), least)
    except DAMAGE:
        _refuse("version")
    return [Change(*version.span, [encode_integer(needed)])] if needed > present else []


def _add_algorithms(present: Node, offered: Node) -> list[Change]:
    """Return the change by the digest algorithms that lack, whatever their parameters."""
    try:
        known = {one.algorithm().oid for one in present.children(_MAX_DIGEST_ALGORITHMS)}
        others = {
            one.algorithm().oid: one.encoded for one in offered.children(_MAX_DIGEST_ALGORITHMS)
        }
    except DAMAGE:
        _refuse("digestAlgorithms")
    return _append(
        present,
        [encoded for oid, encoded in others.items() if oid not in known],
        2 * _MAX_DIGEST_ALGORITHMS,
    )


def _add_lists(
    present: Mapping[int, Node], offered: Mapping[int, Node], place: int
) -> list[Change]:
    """Return the changes of certificates and crls, the latter after the former."""
    certificates, crls = present.get(EXPLICIT_0), present.get(EXPLICIT_1)
    return [
        *extend(
            certificates,
            EXPLICIT_0,
            place,
            _elements(offered.get(EXPLICIT_0), MAX_CERTIFICATES, SEQUENCE),
            MAX_CERTIFICATES,
        ),
        *extend(
            crls,
            EXPLICIT_1,
            certificates.span[1] if certificates else place,
            _elements(offered.get(EXPLICIT_1), MAX_REVOCATION_INFOS, SEQUENCE, EXPLICIT_1),
            MAX_REVOCATION_INFOS,
        ),
    ]


def _elements(node: Node | None, limit: int, *kinds: int) -> list[bytes]:
    """Return the elements of these kinds: of certificates none that SignedData v4 is for."""
    return [one.encoded for one in node.elements(limit) if one.tag in kinds] if node else []


def _append(node: Node, added: Sequence[bytes], limit: int) -> list[Change]:
    """Return the change that appends elements, which lack. Raises CannotAugment."""
    if len(node.elements(limit)) + len(added) > limit:
        raise CannotAugment("the signature would have more than {limit} elements", limit=limit)
    return replace(node, [insert(node.contents_span[1], *added)] if added else [])


def _require_same_certificates(before: Sequence[SignerInfo], after: SignedData) -> None:
    """Require that each signer still has the certificate of before.

    Certificates are found by issuer and serial number, or by a key identifier, and the first
    signer may have embedded another one with the same. Raises CannotAugment.
    """
    found = {_key(signer): signer.certificate.der for signer in after.signers}
    for signer in before:
        if found[_key(signer)] != signer.certificate.der:
            raise CannotAugment(
                "another certificate with the issuer and the number of signer {number} is there",
                number=signer.number,
            )


def _refuse(field: str) -> NoReturn:
    raise MalformedSignature("cms: {field} is malformed", field=field)
