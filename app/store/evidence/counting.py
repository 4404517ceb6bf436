"""The length of the queue at a bounded cost, for what asks again and again."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Select, and_, func, select

from app.store.models import EvidenceJob, Version

#: Versions among which the oldest is looked for: those of the oldest threads.
AMONG: Final = 10_000


def count_some(connection: Connection, bound: int) -> tuple[int, datetime | None]:
    """Return the length of the queue, or `bound`, and when the oldest of `AMONG` was saved.

    The cost grows with these bounds alone. With more versions in the queue than `AMONG`, an older
    one may be in it.
    """
    number = select(func.count()).select_from(_first(bound).subquery())
    some = _first(AMONG).subquery()
    is_same = and_(Version.signature_id == some.c.signature_id, Version.version == some.c.version)
    oldest = select(func.min(Version.created_at)).select_from(some.join(Version.__table__, is_same))
    return connection.execute(number).scalar_one(), connection.execute(oldest).scalar_one()


def _first(limit: int) -> Select[int, int]:
    key = EvidenceJob.signature_id, EvidenceJob.version
    return select(*key).order_by(*key).limit(limit)
