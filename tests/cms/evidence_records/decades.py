"""Thirty years of an archive: timestamp authorities that follow each other, and what they stamp."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from app.cms.algorithms import registry as algorithms
from app.cms.algorithms.names import SHA_256, SHA_512
from app.cms.evidence_records.coverage import DataObject
from app.cms.evidence_records.record import (
    EvidenceRecord,
    objects_to_renew,
    renew_hash_tree,
    renew_timestamp,
    start_record,
    timestamps_to_renew,
)
from app.cms.evidence_records.tree import HashTree, group_leaf
from app.cms.evidence_records.verifying import EvidenceRecordStatus, verify_record
from app.cms.verification.verifier import Verifier
from app.cms.x509.certificate import read_certificate
from tests import pki
from tests.pki import Holder

#: Groups of objects: single ones, and one of three.
GROUPS: dict[str, tuple[bytes, ...]] = {
    "doc-1": (b"doc-1",),
    "doc-2": (b"doc-2",),
    "doc-3": (b"doc-3",),
    "group-4": (b"doc-4 cms", b"doc-4 content", b"doc-4 ocsp"),
    "doc-5": (b"doc-5",),
}
NOW = datetime(2055, 6, 1, tzinfo=UTC)


def year(number: int) -> datetime:
    """Return a day of a year."""
    return datetime(number, 3, 1, tzinfo=UTC)


@cache
def root() -> Holder:
    """Return the root of all generations."""
    valid = year(2014), year(2064)
    return pki.certify(
        pki.name("OLD ROOT"), pki.rsa_key("OLD ROOT"), None, pki.AUTHORITY, valid=valid
    )


@cache
def stamper(number: int) -> Holder:
    """Return the authority of timestamps of twelve years from a certain one on."""
    name = f"TSA {number}"
    valid = year(number), year(number + 12)
    return pki.certify(pki.name(name), pki.rsa_key(name), root(), pki.STAMPER, valid=valid)


def stamp(tree: HashTree, at: int, by: int) -> bytes:
    """Stamp the root of a tree in one year, by the authority of another."""
    return pki.timestamp(imprint=tree.root, digest=tree.algorithm, moment=year(at), by=stamper(by))


def verifier() -> Verifier:
    """Return one that trusts the root."""
    return Verifier([read_certificate(root().certificate)])


def hashes(objects: Sequence[bytes], algorithm: str = SHA_256) -> list[bytes]:
    """Hash objects."""
    return [algorithms.digest(algorithm, one) for one in objects]


def tree_of(groups: Sequence[Sequence[bytes]], algorithm: str = SHA_256) -> HashTree:
    """Build the tree over groups of hashes."""
    return HashTree.of_leaves([group_leaf(one, algorithm) for one in groups], algorithm)


@dataclass
class Archive:
    """The records of some groups of objects, all renewed at once."""

    groups: dict[str, tuple[bytes, ...]] = field(default_factory=lambda: dict(GROUPS))
    records: dict[str, EvidenceRecord] = field(default_factory=dict)

    def start(self, at: int, by: int, algorithm: str = SHA_256) -> "Archive":
        """Stamp all groups."""
        members = {name: hashes(one, algorithm) for name, one in self.groups.items()}
        tree = tree_of([*members.values()], algorithm)
        token = stamp(tree, at, by)
        for name, one in members.items():
            self.records[name] = start_record(algorithm, tree.reduce(one), token)
        return self

    def renew(self, at: int, by: int, *others: bytes) -> "Archive":
        """Stamp all former timestamps, beside other leaves."""
        members = {name: timestamps_to_renew(one) for name, one in self.records.items()}
        algorithm = self.records["doc-1"].digest_algorithms[-1].oid
        tree = tree_of([*members.values(), *[[one] for one in others]], algorithm)
        token = stamp(tree, at, by)
        for name, one in members.items():
            record = self.records[name]
            self.records[name] = renew_timestamp(record, tree.reduce(one), token)
        return self

    def rehash(self, at: int, by: int, algorithm: str = SHA_512) -> "Archive":
        """Stamp all objects with all that was stamped before, by another hash algorithm."""
        digests = {name: hashes(one, algorithm) for name, one in self.groups.items()}
        members = {
            name: objects_to_renew(record, digests[name], algorithm)
            for name, record in self.records.items()
        }
        tree = tree_of([*members.values()], algorithm)
        token = stamp(tree, at, by)
        for name, one in members.items():
            lists = tree.reduce(one)
            record = self.records[name]
            self.records[name] = renew_hash_tree(record, digests[name], algorithm, lists, token)
        return self


@cache
def thirty_years() -> Archive:
    """Return an archive of 2025 that three generations of authorities have kept until 2055."""
    first = Archive().start(2025, 2024).renew(2035, 2034, hashes([b"another"])[0])
    return first.renew(2045, 2044).rehash(2050, 2044).renew(2054, 2044)


def verify(
    record: EvidenceRecord,
    *objects: DataObject,
    by: Verifier | None = None,
    now: datetime = NOW,
    **more: Any,
) -> EvidenceRecordStatus:
    """Verify a record, of doc-1 if it isn't said otherwise, with the clock in 2055."""
    checked = (by or verifier()).verify_timestamp
    return verify_record(record, objects or GROUPS["doc-1"], checked, now=now, **more)


def old() -> EvidenceRecord:
    """Return the record of doc-1 after thirty years."""
    return thirty_years().records["doc-1"]
