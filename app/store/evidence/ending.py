"""Chains of timestamps that end before their certificates do: by an algorithm, or a revocation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, literal, null, select, type_coerce, update
from sqlalchemy.dialects import postgresql, sqlite

from app.store.database.types import ROW_ID
from app.store.evidence.batches import keep_batch_items
from app.store.evidence.keeping import Item
from app.store.models import (
    EvidenceBatch,
    EvidenceBatchItem,
    EvidenceBlob,
    EvidenceMembership,
    EvidenceRenewal,
    EvidenceUnrecorded,
)


class Sample(NamedTuple):
    """A token, and the certificates (DER) that are kept for its path."""

    token: bytes
    certificates: tuple[bytes, ...]


def list_samples(connection: Connection) -> Iterator[Sample]:
    """Return tokens by all certificates of authorities: of each one the oldest and the newest."""
    table = EvidenceBatchItem
    ends = select(func.min(table.batch_id), func.max(table.batch_id))
    rows = connection.execute(ends.where(table.kind == "certificate").group_by(table.sha256))
    for batch_id in sorted({one for row in rows for one in row}):
        token = select(EvidenceBatch.token).where(EvidenceBatch.id == batch_id)
        blobs = (
            select(EvidenceBlob.data)
            .join(table, table.sha256 == EvidenceBlob.sha256)
            .where(table.batch_id == batch_id, table.kind == "certificate")
        )
        encoded: Any = connection.execute(token).scalar_one()
        yield Sample(encoded, tuple(connection.execute(blobs).scalars()))


def hasten(connection: Connection, authority: bytes, end: datetime) -> int:
    """Set when chains are due whose newest timestamp is by an authority; return how many.

    `authority` is the SHA-256 of its certificate. Those that are due before stay so.
    """
    table, renewed = EvidenceBatchItem, EvidenceRenewal
    newest = select(renewed.batch_id).where(
        renewed.first_id == EvidenceBatch.id, renewed.number == EvidenceBatch.stamps
    )
    of_authority = select(table.batch_id).where(
        table.kind == "certificate", table.sha256 == authority
    )
    chains = update(EvidenceBatch).where(
        EvidenceBatch.due_at > end,
        func.coalesce(newest.scalar_subquery(), EvidenceBatch.id).in_(of_authority),
    )
    return connection.execute(chains.values(due_at=end)).rowcount


def give_up(
    connection: Connection, first_id: int, newest_id: int, accusing: Sequence[Item]
) -> None:
    """Renew a chain no more, and queue its versions for records of their own.

    `accusing` says why its newest timestamp, that of `newest_id`, proves nothing any more. It is
    kept with that, so that readers of the old record find it.
    """
    keep_batch_items(connection, newest_id, accusing)
    add: Any = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    table = EvidenceMembership
    rows = select(table.signature_id, table.version, type_coerce(literal(None), ROW_ID))
    rows = rows.where(table.batch_id == first_id).with_for_update(read=True, key_share=True)
    names = ["signature_id", "version", "renews"]
    connection.execute(add(EvidenceUnrecorded).from_select(names, rows).on_conflict_do_nothing())
    chain = update(EvidenceBatch).where(EvidenceBatch.id == first_id)
    connection.execute(chain.values(due_at=type_coerce(null(), EvidenceBatch.due_at.type)))
