"""Trees of evidence records when they have their timestamps, and the chains that these renew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    exists,
    insert,
    literal,
    null,
    select,
    type_coerce,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from app.cms import TreeParts
from app.store.database.types import ROW_ID
from app.store.evidence.drafts import MAX_LEAVES, Draft, LostLease, open_draft
from app.store.evidence.keeping import Item, keep_blobs
from app.store.models import (
    EvidenceBatch,
    EvidenceBatchItem,
    EvidenceMembership,
    EvidencePart,
    EvidenceRenewal,
    EvidenceUnrecorded,
)

# Batches that one statement names.
_NAMED = 500


class Due(NamedTuple):
    """A chain of timestamps that is to be renewed: its first batch, their number, its end."""

    first_id: int
    stamps: int
    due_at: datetime


class Renewal(NamedTuple):
    """A chain that is a leaf of a tree; see `models.EvidenceRenewal`.

    `fresh` proves its newest token, that of the batch `newest_id`, beside what is kept already.
    """

    due: Due
    members: bytes
    newest_id: int
    fresh: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Stamp:
    """A timestamp over a tree, when the certificate of its authority ends, and what proves it."""

    token: bytes
    gen_time: datetime
    ends_at: datetime
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class StampedTree:
    """A tree to be kept: its hash algorithm, dotted, its parts, and the timestamp over its root."""

    algorithm: str
    parts: TreeParts
    stamp: Stamp


def list_due(
    connection: Connection, before: datetime, algorithm: str, limit: int = MAX_LEAVES
) -> list[Due]:
    """Return the chains of a hash algorithm that end before a time, and still serve a version."""
    is_used = exists().where(EvidenceMembership.batch_id == EvidenceBatch.id)
    statement = (
        select(EvidenceBatch.id, EvidenceBatch.stamps, EvidenceBatch.due_at)
        .where(EvidenceBatch.due_at <= before, EvidenceBatch.algorithm == algorithm, is_used)
        .order_by(EvidenceBatch.due_at)
        .limit(limit)
    )
    rows: Any = connection.execute(statement)
    return [Due(*row) for row in rows]


def list_tokens(
    connection: Connection, due: Sequence[Due]
) -> Iterator[tuple[Due, list[tuple[int, bytes]]]]:
    """Return for each chain its tokens with the ids of their batches, oldest first."""
    for start in range(0, len(due), _NAMED):
        some = due[start : start + _NAMED]
        ids = [one.first_id for one in some]
        firsts = select(EvidenceBatch.id, EvidenceBatch.id, EvidenceBatch.token)
        # All have a token: only such ones are renewed.
        rows: Any = connection.execute(firsts.where(EvidenceBatch.id.in_(ids)))
        chains: dict[int, list[tuple[int, bytes]]] = {row[0]: [(row[1], row[2])] for row in rows}
        others = (
            select(EvidenceRenewal.first_id, EvidenceBatch.id, EvidenceBatch.token)
            .join(EvidenceBatch, EvidenceBatch.id == EvidenceRenewal.batch_id)
            .where(EvidenceRenewal.first_id.in_(ids))
            .order_by(EvidenceRenewal.first_id, EvidenceRenewal.number)
        )
        rows = connection.execute(others)
        for row in rows:
            chains[row[0]].append((row[1], row[2]))
        yield from ((one, chains[one.first_id]) for one in some)


def keep_stamp(
    connection: Connection,
    draft: Draft | None,
    tree: StampedTree,
    renewals: Sequence[Renewal],
) -> int:
    """Keep the timestamp of a tree, and renew chains by it, inside `database.transaction`.

    Args:
        connection: to the store.
        draft: what versions are in; None: there is none, and chains are only renewed.
        tree: of that draft.
        renewals: the chains that are leaves of the tree, and are renewed by it.

    Returns:
        The id of the batch.

    Raises:
        LostLease: the draft has a timestamp already.
    """
    batch = draft or open_draft(connection, tree.algorithm)
    stamp = tree.stamp
    _keep_tree(connection, batch.id, tree, due_at=stamp.ends_at if draft else None)
    keep_batch_items(connection, batch.id, stamp.items)
    _keep_renewals(connection, batch.id, stamp.ends_at, renewals)
    return batch.id


def _keep_tree(
    connection: Connection, batch_id: int, tree: StampedTree, due_at: datetime | None
) -> None:
    """Keep the timestamp and the parts of a draft. Raises LostLease."""
    stamp, parts = tree.stamp, tree.parts
    values = {
        "token": stamp.token,
        "gen_time": stamp.gen_time,
        "ends_at": stamp.ends_at,
        "due_at": due_at,
        "firsts": parts.firsts,
        "tops": parts.tops,
    }
    unstamped = EvidenceBatch.id == batch_id, EvidenceBatch.token.is_(None)
    if not connection.execute(update(EvidenceBatch).where(*unstamped).values(values)).rowcount:
        raise LostLease
    rows = [
        {"batch_id": batch_id, "number": number, "leaves": leaves}
        for number, leaves in enumerate(parts.leaves)
    ]
    connection.execute(insert(EvidencePart), rows)


def keep_batch_items(connection: Connection, batch_id: int, items: Iterable[Item]) -> None:
    """Keep what proves the token of a batch, or speaks against it."""
    _keep_of_each(connection, [batch_id], items)


def _keep_of_each(connection: Connection, batch_ids: Iterable[int], items: Iterable[Item]) -> None:
    """Keep the same for several batches: it is hashed once."""
    found = {(one.kind, one.sha256): one for one in items}
    if not found:
        return
    keep_blobs(connection, {sha256: one for (_, sha256), one in found.items()})
    rows = [
        {"batch_id": batch_id, "kind": kind, "sha256": sha256}
        for batch_id in sorted(set(batch_ids))
        for kind, sha256 in sorted(found)
    ]
    add: Any = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    connection.execute(add(EvidenceBatchItem).on_conflict_do_nothing(), rows)


def _keep_renewals(
    connection: Connection, batch_id: int, ends_at: datetime, renewals: Sequence[Renewal]
) -> None:
    same: dict[int, list[Renewal]] = {}
    for one in renewals:
        same.setdefault(id(one.fresh), []).append(one)
    for listed in same.values():
        _keep_of_each(connection, [one.newest_id for one in listed], listed[0].fresh)
    for start in range(0, len(renewals), _NAMED):
        some = renewals[start : start + _NAMED]
        rows = [
            {
                "first_id": one.due.first_id,
                "number": one.due.stamps + 1,
                "batch_id": batch_id,
                "members": one.members,
            }
            for one in some
        ]
        connection.execute(insert(EvidenceRenewal), rows)
        ids = [one.due.first_id for one in some]
        connection.execute(
            update(EvidenceBatch)
            .where(EvidenceBatch.id.in_(ids))
            .values(stamps=EvidenceBatch.stamps + 1, due_at=ends_at)
        )


def list_weak(connection: Connection, algorithm: str) -> list[int]:
    """Return the batches of a hash algorithm whose chains are still to be renewed."""
    rows = select(EvidenceBatch.id).where(
        EvidenceBatch.due_at.is_not(None), EvidenceBatch.algorithm == algorithm
    )
    return list(connection.execute(rows.order_by(EvidenceBatch.id)).scalars())


def queue_again(connection: Connection, batch_id: int) -> None:
    """Queue all versions of a batch, whose records get a new chain by another hash algorithm."""
    add: Any = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    table = EvidenceMembership
    rows = select(table.signature_id, table.version, literal(batch_id, ROW_ID))
    # As for those whose versions are deleted meanwhile: see `jobs.enqueue`.
    rows = rows.where(table.batch_id == batch_id).with_for_update(read=True, key_share=True)
    names = ["signature_id", "version", "renews"]
    connection.execute(add(EvidenceUnrecorded).from_select(names, rows).on_conflict_do_nothing())
    chain = update(EvidenceBatch).where(EvidenceBatch.id == batch_id)
    connection.execute(chain.values(due_at=type_coerce(null(), EvidenceBatch.due_at.type)))
