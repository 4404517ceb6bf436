"""Versions that were saved while no evidence was obtained: added to the queue, some at a time.

They come after all that is saved meanwhile, but for those whose signers' certificates end soon.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select

from app.store.evidence import jobs
from app.store.models import EvidenceJob, EvidenceState, Signer, Version
from app.store.signatures.large_texts import Key

#: Versions that one call looks at.
LOOKED_AT: Final = 500
#: Before all versions.
BEGINNING: Final = Key(0, 0)


class Enqueued(NamedTuple):
    """The result of one call: how many versions were added, and the last that was looked at."""

    added: int
    #: None at the end.
    last: Key | None


def enqueue_some(
    connection: Connection,
    after: Key = BEGINNING,
    *,
    since: datetime | None = None,
    limit: int = LOOKED_AT,
) -> Enqueued:
    """Add those of the next versions that have neither a job nor a result.

    Inside `database.transaction`. The next call continues behind `last`, in a transaction of its
    own; from the beginning it would find what is left. Texts that are no signature are left
    out.

    Args:
        connection: to the store.
        after: the version behind which to begin.
        since: versions that were saved before this time are left out.
        limit: how many versions to look at.
    """
    behind = and_(
        Version.signature_id >= after.signature_id,
        or_(Version.signature_id > after.signature_id, Version.version > after.version),
    )
    keys = select(Version.signature_id, Version.version).where(behind)
    some = keys.order_by(Version.signature_id, Version.version).limit(limit)
    looked_at = [Key(*row) for row in connection.execute(some)]
    if not looked_at:
        return Enqueued(0, None)
    added = sum(
        jobs.enqueue(connection, wanted, urgency)
        for urgency, wanted in _by_urgency(connection, looked_at, since).items()
    )
    return Enqueued(added, looked_at[-1] if len(looked_at) == limit else None)


def _by_urgency(
    connection: Connection, keys: list[Key], since: datetime | None
) -> dict[int, list[Key]]:
    """Return those of the keys that lack evidence, by how soon a certificate ends."""
    ends = func.min(Signer.facts[("certificate", "not_after")].as_string())
    own = and_(Signer.signature_id == Version.signature_id, Signer.version == Version.version)
    statement = (
        select(Version.signature_id, Version.version, ends)
        .outerjoin(Signer, own)
        .where(
            Version.signature_id.between(keys[0].signature_id, keys[-1].signature_id),
            # What was never read may be one.
            or_(
                Version.format.is_not(None),
                and_(Version.format.is_(None), Version.signature_size.is_(None)),
            ),
            *(_lacks(table) for table in (EvidenceJob, EvidenceState)),
        )
        .group_by(Version.signature_id, Version.version)
    )
    if since is not None:
        statement = statement.where(Version.created_at >= since)
    found: dict[int, list[Key]] = {}
    wanted, now = set(keys), datetime.now(UTC)
    for signature_id, version, until in connection.execute(statement):
        key = Key(signature_id, version)
        if key in wanted:
            found.setdefault(_urgency(until, now), []).append(key)
    return found


def _lacks(table: Any) -> ColumnElement[bool]:
    return ~exists().where(
        table.signature_id == Version.signature_id, table.version == Version.version
    )


def _urgency(until: str | None, now: datetime) -> int:
    """Return the urgency of a version; `until` is when the first certificate ends, ISO 8601."""
    end = None if until is None else datetime.fromisoformat(until)
    if end is None or end < now:
        return jobs.OLD
    urgency = jobs.urgency_of([end], now)
    return jobs.OLD if urgency == jobs.LATER else urgency
