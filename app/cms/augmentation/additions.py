"""Additions to a SignedData that no signature covers (RFC 5652 sections 5.1 and 5.3)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from app.cms.asn1.der import encode, encode_integer
from app.cms.asn1.node import Node
from app.cms.asn1.tags import EXPLICIT_0, EXPLICIT_1
from app.cms.augmentation.errors import CannotAugment
from app.cms.augmentation.splicing import Change, insert, replace
from app.cms.signed_data.parsing import (
    MAX_CERTIFICATES,
    MAX_REVOCATION_INFOS,
    MAX_SIGNERS,
    group_same,
    signed_data_fields,
)
from app.cms.signed_data.signed_attributes import MAX_ATTRIBUTES
from app.cms.signed_data.signer_info import MAX_FIELDS as MAX_SIGNER_FIELDS

# The version of a SignedData with other revocation information than CRLs (section 5.1).
_VERSION_WITH_OTHER = 5


@dataclass(frozen=True, slots=True)
class Additions:
    """Encoded elements to be added to a SignedData, each as it stands and in its order.

    `attributes` are unsigned Attributes by the number of their signer; `certificates` are
    Certificates, `revocation_infos` RevocationInfoChoices. What is there already is not added
    again.
    """

    attributes: Mapping[int, Sequence[bytes]] = field(default_factory=dict)
    certificates: Sequence[bytes] = ()
    revocation_infos: Sequence[bytes] = ()


def add(content_info: Node, additions: Additions) -> bytes:
    """Return a copy of a SignedData with the additions.

    It must be one that `parse_signed_data` accepts. Raises CannotAugment if a signer isn't there,
    or if there were more of a kind than are read.
    """
    [_, explicit] = content_info.children(2)
    signed_data = explicit.only()
    fields = signed_data_fields(content_info)
    optional = {node.tag: node for node in fields[3:-1]}
    certificates, crls = optional.get(EXPLICIT_0), optional.get(EXPLICIT_1)
    after = fields[2].span[1]
    lists = [
        *extend(certificates, EXPLICIT_0, after, additions.certificates, MAX_CERTIFICATES),
        *extend(
            crls,
            EXPLICIT_1,
            certificates.span[1] if certificates else after,
            additions.revocation_infos,
            MAX_REVOCATION_INFOS,
        ),
    ]
    changes = [
        *_raise_version(fields[0], crls, additions.revocation_infos),
        *lists,
        *_add_attributes(fields[-1], additions.attributes),
    ]
    whole = replace(content_info, replace(explicit, replace(signed_data, changes)))
    return b"".join(whole[0].pieces) if whole else content_info.encoded


def extend(
    node: Node | None, tag: int, place: int, elements: Iterable[bytes], limit: int
) -> list[Change]:
    """Append elements to a list, or insert a new list at `place` if there is none.

    Raises CannotAugment if it would have more than `limit`.
    """
    present = [one.encoded for one in node.elements(limit)] if node else []
    known = set(present)
    added = [one for one in dict.fromkeys(elements) if one not in known]
    if not added:
        return []
    if len(present) + len(added) > limit:
        raise CannotAugment("the signature would have more than {limit} elements", limit=limit)
    if node is None:
        return [insert(place, encode(tag, b"".join(added)))]
    return replace(node, [insert(node.contents_span[1], *added)])


def _raise_version(version: Node, crls: Node | None, infos: Iterable[bytes]) -> list[Change]:
    """Return the change to version 5, if other revocation information is added."""
    present = {node.encoded for node in crls.elements(MAX_REVOCATION_INFOS)} if crls else set()
    added = [info for info in infos if info[0] == EXPLICIT_1 and info not in present]
    new = encode_integer(_VERSION_WITH_OTHER)
    return [Change(*version.span, [new])] if added and version.encoded != new else []


def _add_attributes(infos: Node, attributes: Mapping[int, Sequence[bytes]]) -> list[Change]:
    """Return the change of signerInfos. Raises CannotAugment."""
    signers = group_same(infos.elements(MAX_SIGNERS))
    changes: list[Change] = []
    for number, added in attributes.items():
        if not 0 < number <= len(signers):
            raise CannotAugment("there is no signer {number}", number=number)
        first = signers[number - 1][0]
        last = first.elements(MAX_SIGNER_FIELDS)[-1]
        unsigned = last if last.tag == EXPLICIT_1 else None
        within = extend(unsigned, EXPLICIT_1, first.contents_span[1], added, MAX_ATTRIBUTES)
        changes += replace(first, within)
    return replace(infos, changes)
