"""Signatures that were saved as text, before step 0011, are stored as the bytes they stand for.

Batches are committed, so it can be stopped and resumed. Servers may serve and save meanwhile: a
version never changes, and every reader knows both forms.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Integer, LargeBinary, null, select, tuple_, update

from app.store.database import bulk
from app.store.database.base64_text import stored_as
from app.store.database.engine import transaction
from app.store.database.types import ROW_ID, octets
from app.store.models import Version

#: Versions of one batch, and bytes of their texts, unless a single one has more.
BATCH, BATCH_SIZE = 500, 4 * 1024 * 1024
_KINDS = {"signature_id": ROW_ID, "version": Integer(), "cms_bytes": LargeBinary()}
_KEY = tuple_(Version.signature_id, Version.version)
_IS_TEXT = Version.cms.is_not(None)


class Progress(NamedTuple):
    """How many versions that were stored as text were read, and how many of them are bytes now."""

    versions: int
    packed: int


def pack(engine: Engine) -> Iterator[Progress]:
    """Store as bytes what is the base64 of some, and yield the progress after each batch."""
    versions = packed = 0
    after = (0, 0)
    while True:
        with transaction(engine) as connection:
            keys = _next_keys(connection, after)
            packed += _pack_batch(connection, after, keys[-1]) if keys else 0
        if not keys:
            return
        versions += len(keys)
        after = keys[-1]
        yield Progress(versions, packed)


def _next_keys(connection: Connection, after: tuple[int, int]) -> list[tuple[int, int]]:
    """Return the next versions that are stored as text, as many as fit into memory."""
    rows = connection.execute(
        select(Version.signature_id, Version.version, octets(Version.cms))
        .where(_IS_TEXT, tuple_(*after) < _KEY)
        .order_by(Version.signature_id, Version.version)
        .limit(BATCH)
    ).all()
    fitting = max(1, sum(total <= BATCH_SIZE for total in accumulate(row[2] for row in rows)))
    return [(row[0], row[1]) for row in rows[:fitting]]


def _pack_batch(connection: Connection, after: tuple[int, int], last: tuple[int, int]) -> int:
    rows = connection.execute(
        select(Version.signature_id, Version.version, Version.cms).where(
            _IS_TEXT, tuple_(*after) < _KEY, tuple_(*last) >= _KEY
        )
    )
    found = [(row[0], row[1], stored_as(row[2] or "")[1]) for row in rows]
    packed = [one for one in found if one[2] is not None]
    bulk.execute(connection, _write, _KINDS, packed)
    return len(packed)


def _write(given: Any) -> Any:
    return (
        update(Version)
        .where(Version.signature_id == given.signature_id, Version.version == given.version)
        .values(cms=null(), cms_bytes=given.cms_bytes)
    )
