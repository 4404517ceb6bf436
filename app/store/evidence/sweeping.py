"""Blobs that serve no version any more, since all that they served were deleted."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import Connection, delete, exists, or_, select

from app.store.database.types import utc_in
from app.store.models import EvidenceBatchItem, EvidenceBlob, EvidenceItem

#: Seconds for which a blob stays in any case: what was deleted may be saved again.
FRESH: Final = 3600.0
#: Blobs that one call looks at.
LOOKED_AT: Final = 1000


class Swept(NamedTuple):
    """The result of one call: how many blobs were deleted, and the last that was looked at."""

    deleted: int
    #: None at the end.
    last: bytes | None


_IS_USED = or_(
    exists().where(EvidenceItem.sha256 == EvidenceBlob.sha256),
    exists().where(EvidenceBatchItem.sha256 == EvidenceBlob.sha256),
)


def sweep(connection: Connection, after: bytes = b"", limit: int = LOOKED_AT) -> Swept:
    """Delete blobs without items among some of all, inside `database.transaction`.

    They are looked at in the order of their SHA-256, so that each call takes the same short time;
    the next one continues behind `last`, in a transaction of its own.

    Args:
        connection: to the store.
        after: the SHA-256 behind which to begin.
        limit: how many blobs to look at.
    """
    behind = select(EvidenceBlob.sha256).where(EvidenceBlob.sha256 > after)
    some = connection.execute(behind.order_by(EvidenceBlob.sha256).limit(limit)).scalars().all()
    last = some[-1] if len(some) == limit else None
    if not some:
        return Swept(0, None)
    is_one = EvidenceBlob.sha256.between(some[0], some[-1])
    unused = select(EvidenceBlob.sha256).where(
        is_one, EvidenceBlob.created_at < utc_in(-FRESH), ~_IS_USED
    )
    # Locked first: who keeps an item for a blob holds a lock on it. The second statement sees what
    # was committed until then.
    locked = connection.execute(unused.with_for_update(skip_locked=True)).scalars().all()
    if not locked:
        return Swept(0, last)
    is_locked = EvidenceBlob.sha256.in_(locked)
    return Swept(
        connection.execute(delete(EvidenceBlob).where(is_locked, ~_IS_USED)).rowcount, last
    )
