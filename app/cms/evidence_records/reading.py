"""Reading of evidence records (RFC 4998 sections 3.1 and 4.1): bytes in, values or a refusal out.

A record is in DER, all but its tokens, whose bytes are whatever their authority has written.
"""

from app.cms.asn1.node import DAMAGE, Fields, Node, read_node
from app.cms.asn1.oid import AlgorithmIdentifier
from app.cms.asn1.tags import (
    EXPLICIT_0,
    EXPLICIT_1,
    EXPLICIT_2,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
)
from app.cms.errors import CmsError
from app.cms.evidence_records.record import (
    MAX_SIZE,
    MAX_TIMESTAMPS,
    ArchiveTimeStamp,
    Chain,
    EvidenceRecord,
)
from app.cms.evidence_records.tree import MAX_LISTS, MAX_VALUES, HashLists

# Hash algorithms that a record names.
_MAX_ALGORITHMS = 16
# Bytes of a hash value.
_MAX_HASH = 64
_MAX_FIELDS = 5
_NULL = b"\x05\x00"


class MalformedEvidenceRecord(CmsError):
    """The bytes are no evidence record that can be read."""


def read_record(der: bytes) -> EvidenceRecord:
    """Read an evidence record; nothing is verified. Raises MalformedEvidenceRecord."""
    if len(der) > MAX_SIZE:
        raise MalformedEvidenceRecord(
            "the evidence record is larger than {limit} bytes", limit=MAX_SIZE
        )
    try:
        record = _read(read_node(der))
        encoded = record.der
    except DAMAGE as error:
        raise MalformedEvidenceRecord("the evidence record is malformed") from error
    # A hash tree renewal covers the DER of what is before it: there must be one encoding only.
    if encoded != der:
        raise MalformedEvidenceRecord("the evidence record is not in DER")
    return record


def _read(node: Node) -> EvidenceRecord:
    """Read EvidenceRecord. Raises one of DAMAGE, or MalformedEvidenceRecord."""
    fields = node.fields(_MAX_FIELDS)
    if fields.take(INTEGER).integer() != 1:
        raise ValueError("another version")
    algorithms = fields.take(SEQUENCE).children(_MAX_ALGORITHMS)
    crypto_infos = fields.optional(EXPLICIT_0)
    if fields.optional(EXPLICIT_1):
        # Only the objects as they were encrypted could be found in the tree (section 6).
        raise MalformedEvidenceRecord("evidence records of encrypted objects can't be read here")
    chains = _some(fields.take(SEQUENCE).children(MAX_TIMESTAMPS))
    fields.end()
    return EvidenceRecord(
        tuple([_read_algorithm(one, SEQUENCE) for one in algorithms]),
        _read_chains(chains),
        crypto_infos.encoded if crypto_infos else b"",
    )


def _read_chains(nodes: list[Node]) -> tuple[Chain, ...]:
    listed = [_some(node.expect(SEQUENCE).children(MAX_TIMESTAMPS)) for node in nodes]
    if sum(map(len, listed)) > MAX_TIMESTAMPS:
        raise ValueError("too many timestamps")
    return tuple([tuple([_read_stamp(one.fields(4)) for one in chain]) for chain in listed])


def _read_stamp(fields: Fields) -> ArchiveTimeStamp:
    algorithm = fields.optional(EXPLICIT_0)
    attributes = fields.optional(EXPLICIT_1)
    lists = fields.optional(EXPLICIT_2)
    token = fields.take(SEQUENCE)
    fields.end()
    return ArchiveTimeStamp(
        _read_algorithm(algorithm, EXPLICIT_0) if algorithm else None,
        _read_lists(lists) if lists else None,
        token.encoded,
        attributes.encoded if attributes else b"",
    )


def _read_algorithm(node: Node, tag: int) -> AlgorithmIdentifier:
    """Read an AlgorithmIdentifier of a hash function, which has no parameters (RFC 5754)."""
    fields = node.fields(2, tag)
    oid = fields.take(OBJECT_IDENTIFIER).identifier()
    parameters = [one.encoded for one in fields.rest()]
    if parameters not in ([], [_NULL]):
        raise ValueError("a hash function has no parameters")
    return AlgorithmIdentifier(oid, *parameters)


def _read_lists(node: Node) -> HashLists:
    """Read the field reducedHashtree, which has one list at least, and each of them one value."""
    return tuple(
        [
            tuple([_read_hash(value) for value in _some(one.expect(SEQUENCE).children(MAX_VALUES))])
            for one in _some(node.children(MAX_LISTS))
        ]
    )


def _read_hash(node: Node) -> bytes:
    contents = node.expect(OCTET_STRING).contents
    if not 0 < len(contents) <= _MAX_HASH:
        raise ValueError("no hash value has that size")
    return contents


def _some(nodes: list[Node]) -> list[Node]:
    if not nodes:
        raise ValueError("an empty list")
    return nodes
