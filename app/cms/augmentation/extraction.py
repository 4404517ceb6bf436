"""The part of a CMS that some of its signers need, as it is to be added to another one.

What is kept stays as it stands, byte for byte; if nothing is left out, the part is the whole.
"""

from collections.abc import Collection, Iterable

from app.cms.asn1.der import encode
from app.cms.asn1.node import DAMAGE, Node
from app.cms.asn1.tags import EXPLICIT_0, EXPLICIT_1
from app.cms.augmentation.splicing import Change, replace
from app.cms.errors import MalformedSignature
from app.cms.signed_data.parsing import (
    MAX_CERTIFICATES,
    MAX_REVOCATION_INFOS,
    MAX_SIGNERS,
    SignedData,
    group_same,
    signed_data_fields,
)
from app.cms.signed_data.signer_info import MAX_FIELDS

# The versions of a SignedData (RFC 5652 section 5.1).
_VERSIONS = range(6)
# Bytes of digestAlgorithms that stay as they are.
_MAX_ALGORITHMS = 1024
# The place of digestAlgorithm in a SignerInfo.
_DIGEST_ALGORITHM = 2


def extract_signers(
    signature: SignedData, numbers: Collection[int], certificates: Collection[bytes] | None = None
) -> bytes:
    """Return a copy of a CMS with some signers, by their numbers, and their digest algorithms.

    Attached content stays. Of the certificates those remain that are among `certificates`, each
    once, or all if it is None; of the revocation data all, unless they are damaged.

    Raises MalformedSignature if the version is none that RFC 5652 has.
    """
    [_, explicit] = signature.content_info.children(2)
    version, algorithms, _, *optional, infos = signed_data_fields(signature.content_info)
    _require_version(version)
    groups = group_same(infos.elements(MAX_SIGNERS))
    kept = [one for number, same in enumerate(groups, 1) if number in numbers for one in same]
    lists = {node.tag: node for node in optional}
    changes = [
        *_change_algorithms(algorithms, kept),
        *_change_certificates(lists.get(EXPLICIT_0), certificates),
        *_drop_damaged(lists.get(EXPLICIT_1)),
        *_keep(infos, MAX_SIGNERS, [one.encoded for one in kept]),
    ]
    whole = replace(signature.content_info, replace(explicit, replace(explicit.only(), changes)))
    return b"".join(whole[0].pieces) if whole else signature.der


def _require_version(version: Node) -> None:
    try:
        is_known = version.integer() in _VERSIONS
    except DAMAGE:
        is_known = False
    if not is_known:
        raise MalformedSignature("cms: {field} is malformed", field="version")


def _change_algorithms(present: Node, infos: Iterable[Node]) -> list[Change]:
    """Return the change of digestAlgorithms to those that the signers have.

    Whether the parameters are NULL or absent makes no difference.
    """
    listed = [one.elements(MAX_FIELDS)[_DIGEST_ALGORITHM] for one in infos]
    needed = {one.algorithm().oid: one.encoded for one in listed}
    try:
        found = sorted(one.algorithm().oid for one in present.children(len(needed)))
    except DAMAGE:
        found = []
    if found == sorted(needed) and present.size <= _MAX_ALGORITHMS:
        return []
    return [Change(*present.span, [encode(present.tag, b"".join(needed.values()))])]


def _change_certificates(
    present: Node | None, certificates: Collection[bytes] | None
) -> list[Change]:
    if present is None or certificates is None:
        return []
    listed = (one.encoded for one in present.elements(MAX_CERTIFICATES))
    kept = dict.fromkeys(one for one in listed if one in certificates)
    return _keep(present, MAX_CERTIFICATES, list(kept))


def _drop_damaged(revocation: Node | None) -> list[Change]:
    """Return the change that leaves out the field crls, if it can't be read."""
    if revocation is None or revocation.children_if_sound(MAX_REVOCATION_INFOS):
        return []
    return [Change(*revocation.span, [])]


def _keep(node: Node, limit: int, kept: list[bytes]) -> list[Change]:
    """Return the change of a list to some of its elements; none if these are all."""
    if len(kept) == len(node.elements(limit)):
        return []
    return [Change(*node.span, [encode(node.tag, b"".join(kept))])]
