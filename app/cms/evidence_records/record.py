"""Evidence records as values, their DER, and how they are made and renewed (RFC 4998)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.cms.asn1.der import encode, encode_identifier, encode_integer
from app.cms.asn1.node import DAMAGE, read_node
from app.cms.asn1.oid import AlgorithmIdentifier
from app.cms.asn1.tags import EXPLICIT_0, EXPLICIT_2, OCTET_STRING, SEQUENCE
from app.cms.evidence_records.tree import HashLists, follow_lists, hash_of
from app.cms.signed_data.timestamp_token import TimestampClaims, TimestampToken

# Bytes of a record. A timestamp and its tree take 1.6 KB, and 34 bytes for each object of a group.
MAX_SIZE = 2_000_000
# Archive timestamps of one record, in all chains: enough for one a year.
MAX_TIMESTAMPS = 128
_VERSION = encode_integer(1)


@dataclass(frozen=True, slots=True)
class ArchiveTimeStamp:
    """A timestamp over a hash tree (section 4.1).

    `algorithm` is that of the tree, None if it is the token's. `lists` are the reducedHashtree,
    None if the timestamp is over a single hash. `token` is an encoded ContentInfo, `attributes` the
    encoded field of that name, empty if there is none.
    """

    algorithm: AlgorithmIdentifier | None
    lists: HashLists | None
    token: bytes
    attributes: bytes = b""

    @property
    def der(self) -> bytes:
        """The encoded ArchiveTimeStamp."""
        algorithm = self.algorithm
        fields = [
            encode(EXPLICIT_0, _encode_fields(algorithm)) if algorithm else b"",
            self.attributes,
            encode(EXPLICIT_2, b"".join(map(_encode_list, self.lists))) if self.lists else b"",
            self.token,
        ]
        return encode(SEQUENCE, b"".join(fields))

    def read_claims(self) -> TimestampClaims:
        """Return what the token claims. Raises one of node.DAMAGE."""
        return TimestampToken(read_node(self.token)).claims


Chain = tuple[ArchiveTimeStamp, ...]
"""An ArchiveTimeStampChain: each timestamp renews those before it, by the same hash algorithm."""


@dataclass(frozen=True, slots=True)
class EvidenceRecord:
    """An evidence record (section 3.1). `crypto_infos` is that field, encoded, if there is one.

    `chains` are its ArchiveTimeStampSequence, oldest first, as are the timestamps of each.
    """

    digest_algorithms: tuple[AlgorithmIdentifier, ...]
    chains: tuple[Chain, ...]
    crypto_infos: bytes = b""

    @property
    def der(self) -> bytes:
        """The encoded EvidenceRecord."""
        algorithms = [encode(SEQUENCE, _encode_fields(one)) for one in self.digest_algorithms]
        fields = [
            _VERSION,
            encode(SEQUENCE, b"".join(algorithms)),
            self.crypto_infos,
            encode_chains(self.chains),
        ]
        return encode(SEQUENCE, b"".join(fields))


def encode_chains(chains: Sequence[Chain]) -> bytes:
    """Encode an ArchiveTimeStampSequence, which a hash tree renewal covers (section 5.2)."""
    return encode(SEQUENCE, b"".join(map(encode_chain, chains)))


def encode_chain(chain: Chain) -> bytes:
    """Encode an ArchiveTimeStampChain."""
    return encode(SEQUENCE, b"".join([one.der for one in chain]))


def start_record(algorithm: str, lists: HashLists, token: bytes) -> EvidenceRecord:
    """Return the record of the objects of `lists[0]`, whose tree has been stamped.

    `algorithm` is SHA-256 or SHA-512, dotted. Raises ValueError if the token is not over the root
    of the tree, UnsupportedAlgorithm.
    """
    identifier = AlgorithmIdentifier(algorithm)
    return _limited(EvidenceRecord((identifier,), ((_stamp(algorithm, lists, token),),)))


def algorithm_of(record: EvidenceRecord) -> str:
    """Return the hash algorithm of the newest chain, dotted. Raises ValueError if it has none."""
    newest = record.chains[-1][-1]
    if newest.algorithm is None:
        raise ValueError("the record does not name its hash algorithm")
    return newest.algorithm.oid


def timestamps_to_renew(record: EvidenceRecord) -> tuple[bytes, ...]:
    """Return the hashes that the next timestamp of the newest chain has to cover (section 5.2).

    They are a group of a tree in which other records may be renewed too. One token of a chain
    stands for all before it; but from the third on all are listed, for with the last alone Bouncy
    Castle does not find the chain valid. Raises ValueError, UnsupportedAlgorithm.
    """
    hash_ = hash_of(algorithm_of(record))
    return tuple([hash_(one.token) for one in record.chains[-1]])


def renew_timestamp(record: EvidenceRecord, lists: HashLists, token: bytes) -> EvidenceRecord:
    """Add a timestamp to the newest chain, before the former expires (section 5.2).

    The first of `lists` has `timestamps_to_renew`. Raises ValueError if it does not, or if the
    token is not over the root of the tree; UnsupportedAlgorithm.
    """
    _require(timestamps_to_renew(record), lists)
    newest = (*record.chains[-1], _stamp(algorithm_of(record), lists, token))
    return _limited(replace(record, chains=(*record.chains[:-1], newest)))


def objects_to_renew(
    record: EvidenceRecord, digests: Sequence[bytes], algorithm: str
) -> tuple[bytes, ...]:
    """Return the hashes that the first timestamp of a new chain has to cover (section 5.3).

    `digests` are those of the objects by the new `algorithm`, SHA-256 or SHA-512. Each is joined
    with the hash of all former chains, in this order: sorted, as in figure 4 of the RFC, they are
    accepted by no reader. Raises UnsupportedAlgorithm.
    """
    hash_ = hash_of(algorithm)
    former = hash_(encode_chains(record.chains))
    return tuple([hash_(digest + former) for digest in digests])


def renew_hash_tree(
    record: EvidenceRecord,
    digests: Sequence[bytes],
    algorithm: str,
    lists: HashLists,
    token: bytes,
) -> EvidenceRecord:
    """Start a new chain by another hash algorithm, before the former is broken (section 5.3).

    The first of `lists` has `objects_to_renew` of the same arguments. Raises ValueError if it does
    not, or if the token is not over the root of the tree; UnsupportedAlgorithm.
    """
    _require(objects_to_renew(record, digests, algorithm), lists)
    return start_chain(record, algorithm, lists, token)


def start_chain(
    record: EvidenceRecord, algorithm: str, lists: HashLists, token: bytes
) -> EvidenceRecord:
    """Add a chain that was made by `objects_to_renew`, without the digests that it was made of.

    Raises ValueError if the token is not over the root of the tree; UnsupportedAlgorithm.
    """
    identifier = AlgorithmIdentifier(algorithm)
    named = dict.fromkeys((*record.digest_algorithms, identifier))
    chains = (*record.chains, (_stamp(algorithm, lists, token),))
    return _limited(replace(record, digest_algorithms=tuple(named), chains=chains))


def _stamp(algorithm: str, lists: HashLists, token: bytes) -> ArchiveTimeStamp:
    """Return a timestamp that is known to fit. The algorithm is always named, without parameters.

    Bouncy Castle compares it to the octet.
    """
    root = follow_lists(lists, hash_of(algorithm))
    stamp = ArchiveTimeStamp(AlgorithmIdentifier(algorithm), lists, token)
    try:
        claims = stamp.read_claims()
    except DAMAGE as error:
        raise ValueError("the timestamp token is malformed") from error
    if (claims.imprint_algorithm, claims.imprint) != (algorithm, root):
        raise ValueError("the timestamp token is not over the root of the tree")
    return stamp


def _require(covered: Sequence[bytes], lists: HashLists) -> None:
    if not set(covered) <= set(lists[0]):
        raise ValueError("the tree does not cover what is to be renewed")


def _limited(record: EvidenceRecord) -> EvidenceRecord:
    """Return a record that can be read again. Raises ValueError."""
    if sum(map(len, record.chains)) > MAX_TIMESTAMPS or len(record.der) > MAX_SIZE:
        raise ValueError(f"a record has at most {MAX_TIMESTAMPS} timestamps, and {MAX_SIZE} bytes")
    return record


def _encode_fields(algorithm: AlgorithmIdentifier) -> bytes:
    """Encode the contents of an AlgorithmIdentifier."""
    return encode_identifier(algorithm.oid) + (algorithm.parameters or b"")


def _encode_list(values: Sequence[bytes]) -> bytes:
    """Encode a PartialHashtree."""
    return encode(SEQUENCE, b"".join([encode(OCTET_STRING, value) for value in values]))
