"""Reads: what the evidence record of a version is made of, and which records are to be renewed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, exists, func, null, or_, select

from app.cms import find_part
from app.store.evidence.jobs import of_version
from app.store.evidence.reading import KeptItem
from app.store.models import (
    EvidenceBatch,
    EvidenceBatchItem,
    EvidenceBlob,
    EvidenceItem,
    EvidenceMembership,
    EvidencePart,
    EvidenceRenewal,
    EvidenceState,
    EvidenceUnrecorded,
)
from app.store.signatures.large_texts import Key

# Certificates that are read to find the issuer of a timestamp authority, and where they are from.
_CERTIFICATES, _BATCHES, _ITEMS = 50, 5, 200


@dataclass(frozen=True, slots=True)
class StoredStamp:
    """A timestamp of a record: its tree's algorithm, the leaf, its part of the tree, and the token.

    `members` are the joined hash values of the group that is the leaf, `number` that of the part.
    """

    batch_id: int
    algorithm: str
    members: bytes
    number: int
    leaves: bytes
    tops: bytes
    token: bytes
    ends_at: datetime
    #: When the chain that begins with it is to be renewed; None: it is not.
    due_at: datetime | None


StoredChain = tuple[StoredStamp, ...]


class _Found(NamedTuple):
    """A timestamp, and where its leaf is."""

    first_id: int
    former: int
    batch_id: int
    continues: int | None
    members: bytes
    algorithm: str
    firsts: bytes
    tops: bytes
    token: bytes
    ends_at: datetime
    due_at: datetime | None

    @property
    def part(self) -> tuple[int, int]:
        """The batch, and the number of the part."""
        return self.batch_id, find_part(self.members, self.firsts, self.algorithm)


_STAMP = (
    EvidenceBatch.algorithm,
    EvidenceBatch.firsts,
    EvidenceBatch.tops,
    EvidenceBatch.token,
    EvidenceBatch.ends_at,
    EvidenceBatch.due_at,
)


def is_recorded(connection: Connection, key: Key) -> bool:
    """Return whether a version has a record."""
    table = EvidenceMembership
    stamped = (
        select(table.batch_id)
        .join(EvidenceBatch, EvidenceBatch.id == table.batch_id)
        .where(*of_version(table, key), EvidenceBatch.token.is_not(None))
    )
    return connection.execute(stamped.limit(1)).first() is not None


def read_chains(connection: Connection, key: Key) -> tuple[tuple[StoredChain, ...], ...]:
    """Return the chains of each record of a version, oldest first, by three statements.

    There are several records if more was obtained for the version after the first one was made.
    """
    firsts = _read_firsts(connection, key)
    if not firsts:
        return ()
    stamps: dict[int, list[_Found]] = {one.first_id: [one] for one in firsts}
    for one in _read_renewals(connection, list(stamps)):
        stamps[one.first_id].append(one)
    following = {one.continues: one for one in firsts if one.continues is not None}
    records = [list(_follow(one, stamps, following)) for one in firsts if one.continues is None]
    parts = _read_parts(connection, [one for chains in records for each in chains for one in each])
    return tuple(
        tuple(tuple(_stored(one, parts[one.part]) for one in chain) for chain in chains)
        for chains in records
    )


def _follow(
    first: _Found, stamps: dict[int, list[_Found]], following: dict[int, _Found]
) -> Iterator[list[_Found]]:
    """Return the chains of a record. What a new chain covers is the former one as it was then."""
    one: _Found | None = first
    while one is not None:
        after = following.get(one.first_id)
        chain = stamps[one.first_id]
        yield chain[: after.former] if after else chain
        one = after


def _stored(one: _Found, leaves: bytes) -> StoredStamp:
    return StoredStamp(
        one.batch_id,
        one.algorithm,
        one.members,
        one.part[1],
        leaves,
        one.tops,
        one.token,
        one.ends_at,
        one.due_at,
    )


def _read_firsts(connection: Connection, key: Key) -> list[_Found]:
    """Return the first timestamp of each chain of all records."""
    table = EvidenceMembership
    rows: Any = connection.execute(
        select(
            table.batch_id, table.former, table.batch_id, table.continues, table.members, *_STAMP
        )
        .join(EvidenceBatch, EvidenceBatch.id == table.batch_id)
        .where(*of_version(table, key), EvidenceBatch.token.is_not(None))
        .order_by(table.batch_id)
    )
    return [_Found(*row) for row in rows]


def _read_renewals(connection: Connection, firsts: Sequence[int]) -> list[_Found]:
    table = EvidenceRenewal
    rows: Any = connection.execute(
        select(table.first_id, table.number, table.batch_id, null(), table.members, *_STAMP)
        .join(EvidenceBatch, EvidenceBatch.id == table.batch_id)
        .where(table.first_id.in_(firsts))
        .order_by(table.first_id, table.number)
    )
    return [_Found(*row) for row in rows]


def _read_parts(connection: Connection, stamps: Collection[_Found]) -> dict[tuple[int, int], bytes]:
    wanted = {one.part for one in stamps}
    table = EvidencePart
    rows = connection.execute(
        select(table.batch_id, table.number, table.leaves).where(
            or_(*(and_(table.batch_id == batch, table.number == part) for batch, part in wanted))
        )
    )
    return {(row.batch_id, row.number): row.leaves for row in rows}


def read_batch_items(connection: Connection, batches: Collection[int]) -> tuple[KeptItem, ...]:
    """Return what proves the tokens of batches, each once."""
    table = EvidenceBatchItem
    rows = connection.execute(
        select(table.kind, table.sha256, EvidenceBlob.data, EvidenceBlob.created_at)
        .join(EvidenceBlob, EvidenceBlob.sha256 == table.sha256)
        .where(table.batch_id.in_(sorted(batches)))
    )
    found = {row.sha256: KeptItem(0, *row) for row in rows}
    return tuple(found.values())


def list_proofs(
    connection: Connection, batches: Collection[int]
) -> dict[int, list[tuple[str, bytes]]]:
    """Return what proves the token of each batch: of each part its kind and SHA-256, in order."""
    found: dict[int, list[tuple[str, bytes]]] = {one: [] for one in batches}
    listed = sorted(found)
    for start in range(0, len(listed), 500):
        some = listed[start : start + 500]
        table = EvidenceBatchItem
        rows = select(table.batch_id, table.kind, table.sha256).where(table.batch_id.in_(some))
        for row in connection.execute(rows.order_by(table.kind, table.sha256)):
            found[row.batch_id].append((row.kind, row.sha256))
    return found


def read_blob(connection: Connection, sha256: bytes) -> bytes:
    """Return something that was obtained."""
    one = select(EvidenceBlob.data).where(EvidenceBlob.sha256 == sha256)
    return connection.execute(one).scalar_one()


def list_certificates(connection: Connection) -> list[bytes]:
    """Return certificates (DER) by which a path of a timestamp authority may be found.

    They are those of the newest batches, and of the newest threads that have evidence.
    """
    newest = select(EvidenceBatch.id).where(EvidenceBatch.token.is_not(None))
    newest = newest.order_by(EvidenceBatch.id.desc()).limit(_BATCHES)
    batches = connection.execute(newest).scalars().all()
    of_batches = select(EvidenceBatchItem.sha256).where(
        EvidenceBatchItem.batch_id.in_(batches), EvidenceBatchItem.kind == "certificate"
    )
    some = select(EvidenceItem.signature_id).order_by(EvidenceItem.signature_id.desc())
    ids = set(connection.execute(some.limit(_ITEMS)).scalars())
    of_versions = select(EvidenceItem.sha256).where(
        EvidenceItem.signature_id.in_(ids), EvidenceItem.kind == "certificate"
    )
    hashes = [
        *connection.execute(of_batches.distinct().limit(_CERTIFICATES)).scalars(),
        *connection.execute(of_versions.distinct().limit(_CERTIFICATES)).scalars(),
    ]
    blobs = select(EvidenceBlob.data).where(EvidenceBlob.sha256.in_(hashes))
    return list(connection.execute(blobs).scalars())


class Ending(NamedTuple):
    """Records whose newest timestamp ends at the same time: those of one batch."""

    batch_id: int
    ends_at: datetime
    versions: int


class RecordCounts(NamedTuple):
    """How many versions wait for a record, and how many trees and leaves there are."""

    unrecorded: int
    batches: int


def list_ending(connection: Connection, before: datetime, limit: int) -> list[Ending]:
    """Return the batches whose newest timestamp ends before a time, the most urgent first."""
    table = EvidenceMembership
    versions = select(func.count()).where(table.batch_id == EvidenceBatch.id).scalar_subquery()
    rows: Any = connection.execute(
        select(EvidenceBatch.id, EvidenceBatch.due_at, versions)
        .where(EvidenceBatch.due_at <= before, exists().where(table.batch_id == EvidenceBatch.id))
        .order_by(EvidenceBatch.due_at, EvidenceBatch.id)
        .limit(limit)
    )
    return [Ending(*row) for row in rows]


def count_records(connection: Connection) -> RecordCounts:
    """Return the length of the queue of versions without a record, and the number of trees."""
    waiting = select(func.count()).select_from(EvidenceUnrecorded).scalar_subquery()
    stamped = select(func.count()).select_from(EvidenceBatch)
    stamped = stamped.where(EvidenceBatch.token.is_not(None))
    return RecordCounts(*connection.execute(select(waiting, stamped.scalar_subquery())).one())


def count_late(connection: Connection, before: datetime) -> int:
    """Count the versions without a record whose evidence was obtained before a time."""
    table = EvidenceUnrecorded
    is_old = exists().where(
        EvidenceState.signature_id == table.signature_id,
        EvidenceState.version == table.version,
        EvidenceState.updated_at < before,
    )
    return connection.execute(select(func.count()).select_from(table).where(is_old)).scalar_one()


def list_token_hashes(connection: Connection, key: Key) -> list[bytes]:
    """Return the SHA-256 of the timestamp tokens that are kept for a version."""
    mine = select(EvidenceItem.sha256).where(
        *of_version(EvidenceItem, key), EvidenceItem.kind == "timestamp"
    )
    return list(connection.execute(mine.distinct()).scalars())
