"""What the hash trees of an evidence record cover (RFC 4998 sections 4.3 and 5.3)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.cms.algorithms import registry as algorithms
from app.cms.asn1.der import encode
from app.cms.asn1.tags import SEQUENCE
from app.cms.budget import Budget
from app.cms.errors import Undecidable
from app.cms.evidence_records.record import EvidenceRecord, encode_chain
from app.cms.evidence_records.tree import HashLists, follow_lists
from app.cms.signed_data.contents import Content, KnownDigest
from app.cms.signed_data.timestamp_token import TimestampClaims
from app.cms.verdict import YES, Verdict, no, unknown

DataObject = bytes | tuple[KnownDigest, ...]
"""An object that a record is about: itself, or its digests, by as many algorithms as are known."""


@dataclass(frozen=True, slots=True)
class Link:
    """A timestamp of a record: its number and that of its chain, its token, and its tree.

    Without a tree a timestamp is over a single hash, which is then its only list (section 4.1).
    """

    number: int
    chain: int
    token: bytes
    claims: TimestampClaims
    algorithm: str
    lists: HashLists


def list_links(record: EvidenceRecord) -> Iterator[Link]:
    """Read the tokens of all timestamps, oldest first. Raises one of DAMAGE."""
    stamps = [(chain, one) for chain, listed in enumerate(record.chains) for one in listed]
    for number, (chain, stamp) in enumerate(stamps, 1):
        claims = stamp.read_claims()
        algorithm = stamp.algorithm.oid if stamp.algorithm else claims.imprint_algorithm
        lists = stamp.lists or ((claims.imprint,),)
        yield Link(number, chain, stamp.token, claims, algorithm, lists)


def find_root(link: Link, budget: Budget) -> tuple[bytes, Verdict]:
    """Return the root to which a tree leads, and whether it leads there.

    Without its hash function there is only what the token says instead of it.
    """
    try:
        size = algorithms.digest_size(link.algorithm)
        if any(len(value) != size for values in link.lists for value in values):
            return link.claims.imprint, no(
                "hash values of timestamp {number} of the evidence record have another size than"
                " those of its algorithm",
                number=link.number,
            )
        root = follow_lists(link.lists, lambda data: budget.digest(link.algorithm, data))
    except Undecidable as error:
        return link.claims.imprint, unknown(error.template, **error.values)
    return root, YES


class Coverage:
    """What the first list of each tree has to have."""

    def __init__(
        self,
        record: EvidenceRecord,
        objects: Sequence[DataObject],
        content_budget: Budget,
        budget: Budget,
    ) -> None:
        """Take the objects, a budget for hashing them, and one for the rest."""
        self._objects = [_Object(one, content_budget) for one in objects]
        self._budget = budget
        # Encoded once: a hostile record has many chains.
        self._chains = [encode_chain(chain) for chain in record.chains[:-1]]

    def check(self, link: Link, before: Link | None) -> Verdict:
        """Check one; `before` is the one before it, if it is not the first of all."""
        is_renewal = before is not None and before.chain == link.chain
        try:
            needed = self._of_token(link, before) if before and is_renewal else self._of(link)
        except Undecidable as error:
            return unknown(error.template, **error.values)
        if set(needed) <= set(link.lists[0]):
            return YES
        if is_renewal:
            return no(
                "timestamp {number} of the evidence record does not cover the one before it",
                number=link.number,
            )
        if link.chain:
            return no(
                "timestamp {number} of the evidence record does not cover these objects together"
                " with the timestamps before it",
                number=link.number,
            )
        return no("the evidence record is not about these objects")

    def _of_token(self, link: Link, before: Link) -> list[bytes]:
        """Return what a renewed timestamp has to cover (section 5.2). Raises Undecidable."""
        return [self._budget.digest(link.algorithm, before.token)]

    def _of(self, link: Link) -> list[bytes]:
        """Return what the first timestamp of a chain has to cover. Raises Undecidable."""
        digests = [one.digest(link.algorithm) for one in self._objects]
        if not link.chain:
            return digests
        former = encode(SEQUENCE, b"".join(self._chains[: link.chain]))
        hashed = self._budget.digest(link.algorithm, former)
        return [self._budget.digest(link.algorithm, digest + hashed) for digest in digests]


class _Object:
    """A data object, of which each digest is computed once."""

    def __init__(self, given: DataObject, budget: Budget) -> None:
        self._known = given if isinstance(given, tuple) else ()
        data = given if isinstance(given, bytes) else None
        self._content = None if data is None else Content(data, budget, given=True)

    def digest(self, algorithm: str) -> bytes:
        """Return the digest. Raises Undecidable."""
        if self._content is not None:
            return self._content.digest(algorithm)
        for one in self._known:
            if one.is_by(algorithm):
                return one.require(algorithm)
        raise Undecidable(
            "a {algorithm} digest of an object is needed, and is not known",
            algorithm=algorithms.name(algorithm),
        )
