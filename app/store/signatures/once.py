"""Saves that name a key: the first one keeps its answer, and a repeated one gets it.

The row is written in the transaction of the save: a process that is killed leaves both or neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from app.store.database.types import utc_in, utc_now
from app.store.errors import IdempotencyKeyInUse, IdempotencyKeyReused
from app.store.models import IdempotencyKey

#: For how long an answer is kept.
KEPT_FOR = timedelta(hours=24)
#: Expired rows that a save removes: more than the one that it adds, and few enough to be quick.
REMOVED_AT_ONCE = 4

_EXPIRED = utc_in(-KEPT_FOR.total_seconds())


@dataclass(frozen=True, slots=True)
class Once:
    """A save that is to happen once.

    `key_sha256` is of the key and whose it is, `request_sha256` of all parameters; `field` is where
    the key was sent.
    """

    key_sha256: bytes
    request_sha256: bytes
    field: str


def find_answer(connection: Connection, once: Once) -> Any | None:
    """Return what the first save kept; None if there was none, or it is too long ago.

    Raises:
        IdempotencyKeyReused: the first save had other parameters.
    """
    row = connection.execute(
        select(IdempotencyKey.request_sha256, IdempotencyKey.answer).where(
            IdempotencyKey.key_sha256 == once.key_sha256, IdempotencyKey.created_at > _EXPIRED
        )
    ).first()
    if row is None:
        return None
    if row.request_sha256 != once.request_sha256:
        raise IdempotencyKeyReused(field=once.field)
    return row.answer


def keep_answer(connection: Connection, once: Once, answer: Any) -> None:
    """Keep the answer of a save, in its transaction; a few expired ones are removed.

    On PostgreSQL it waits for a save with the same key by another server.

    Raises:
        IdempotencyKeyInUse: that save was first.
    """
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    added = insert(IdempotencyKey).values(
        key_sha256=once.key_sha256,
        request_sha256=once.request_sha256,
        answer=answer,
        created_at=utc_now(),
    )
    fresh = {name: added.excluded[name] for name in ("request_sha256", "answer", "created_at")}
    statement = added.on_conflict_do_update(
        index_elements=[IdempotencyKey.key_sha256],
        set_=fresh,
        where=IdempotencyKey.created_at <= _EXPIRED,
    ).returning(IdempotencyKey.created_at)
    if connection.execute(statement).first() is None:
        raise IdempotencyKeyInUse(field=once.field)
    # Those that another save is removing are left to it.
    expired = (
        select(IdempotencyKey.key_sha256)
        .where(IdempotencyKey.created_at <= _EXPIRED)
        .order_by(IdempotencyKey.created_at)
        .limit(REMOVED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    connection.execute(delete(IdempotencyKey).where(IdempotencyKey.key_sha256.in_(expired)))
