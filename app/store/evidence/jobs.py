"""The queue: versions whose evidence is still to be obtained, each tried by one worker at a time.

A save adds a version in its own transaction (`signatures.writing.save_version`). A worker claims
some, commits, talks to other servers, and in one more transaction either keeps what it obtained
(`keeping`), which ends the job, or puts the job off. Who claims has a lease: if the worker is
killed, the lease expires, and another one claims the job. All times are those of the database.

A worker that lost its lease changes nothing any more: each function that takes a `holder` returns
whether the lease was still its own. So a holder is a text that no two claims share which may be
alive at once, such as a UUID for each claim.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Update,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from app.store.database.types import utc_in, utc_now
from app.store.evidence.reasons import Reasons, bounded
from app.store.evidence.version_keys import is_of_version, parameters_of
from app.store.models import EvidenceJob, EvidenceState, EvidenceThread, Version
from app.store.signatures.large_texts import Key

#: How soon the certificate of a signer ends: within 2 days, within 30 days, later; or it was saved
#: before evidence was obtained, and none ends within 30 days.
URGENCIES: Final = (0, 1, 2, 3)
LATER, OLD = 2, 3
_SOON: Final = (timedelta(days=2), timedelta(days=30))
#: Seconds after which a job is tried again at the soonest, after the first attempt; and at the
#: latest, after many.
SHORTEST, LONGEST = 5.0, 3600.0
#: Jobs that one claim may take.
MAX_CLAIMED = 1000

#: Seconds from now in which all leases end, and all jobs are due. What is later was written by a
#: clock that was wrong: such a lease has ended.
FAR: Final = 2 * LONGEST

_IS_FREE = or_(
    EvidenceJob.lease_until.is_(None),
    EvidenceJob.lease_until < utc_now(),
    EvidenceJob.lease_until > utc_in(FAR),
)
_IS_DUE = and_(EvidenceJob.due_at <= utc_now(), _IS_FREE)
#: Keys that one statement names.
_BATCH = 500


class Job(NamedTuple):
    """A version that was claimed, and how often it was tried before without success."""

    signature_id: int
    version: int
    attempts: int

    @property
    def key(self) -> Key:
        """The version."""
        return Key(self.signature_id, self.version)


class JobCounts(NamedTuple):
    """The length of the queue."""

    #: All versions whose evidence is still to be obtained.
    pending: int
    #: When the one of them that waits the longest was saved; None if there is none.
    oldest_at: datetime | None
    #: Those of them that may be claimed now.
    due: int


def enqueue(
    connection: Connection, keys: Collection[Key], urgency: int, *, again: bool = False
) -> int:
    """Add versions that were saved before, inside `database.transaction`; return how many.

    Those that are in the queue already, or were deleted, are left out, so it can be repeated.

    Args:
        connection: to the store.
        keys: of the versions.
        urgency: one of `URGENCIES`, for all of them.
        again: whether versions that have a result are added, too. They are pending from then on,
            and keep what was obtained.
    """
    add = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    added = 0
    for some in _batches(keys):
        wanted = [_is_one_of(Version, some)] + ([] if again else [~_HAS_RESULT])
        rows = select(
            Version.signature_id, Version.version, literal(urgency), utc_now(), literal(0)
        )
        # A deletion waits, or is waited for.
        rows = rows.where(*wanted).with_for_update(read=True, key_share=True)
        names = ["signature_id", "version", "urgency", "due_at", "attempts"]
        statement = add(EvidenceJob).from_select(names, rows).on_conflict_do_nothing()
        added += len(connection.execute(statement.returning(EvidenceJob.version)).all())
        if again:
            connection.execute(delete(EvidenceThread).where(_is_one_of(EvidenceThread, some)))
    return added


_HAS_RESULT = exists().where(
    EvidenceState.signature_id == Version.signature_id,
    EvidenceState.version == Version.version,
)


def urgency_of(ends: Iterable[datetime], now: datetime) -> int:
    """Return the urgency of a version, whose signers' certificates end at these times."""
    left = min(ends, default=now) - now
    return 0 if left < _SOON[0] else 1 if left < _SOON[1] else LATER


def _batches(keys: Collection[Key]) -> Iterator[tuple[Key, ...]]:
    ordered = sorted(set(keys))
    return (tuple(ordered[at : at + _BATCH]) for at in range(0, len(ordered), _BATCH))


def _is_one_of(table: Any, keys: Collection[Key]) -> ColumnElement[bool]:
    # SQLite uses no index for pairs.
    is_of_threads = table.signature_id.in_(sorted({key.signature_id for key in keys}))
    pairs = tuple_(table.signature_id, table.version)
    return and_(is_of_threads, pairs.in_([tuple(key) for key in keys]))


def claim(connection: Connection, limit: int, holder: str, seconds: float) -> list[Job]:
    """Claim jobs that are due, the most urgent first, inside `database.transaction`.

    No other claim gets them before the lease expires. A job whose former lease expired counts as
    tried: whatever ends the worker each time does not do so without a limit.

    Args:
        connection: to the store.
        limit: jobs at most; also `MAX_CLAIMED`.
        holder: a text that no other claim uses.
        seconds: for how long; what is not done by then may be done by another.
    """
    keys: list[Key] = []
    for urgency in URGENCIES:
        missing = min(limit, MAX_CLAIMED) - len(keys)
        if missing > 0:
            values = {"urgency": urgency, "missing": missing}
            rows = connection.execute(_find_due(), values)
            keys += [Key(row.signature_id, row.version) for row in rows]
    attempts: dict[Key, int] = {}
    for some in _batches(keys):
        leased = connection.execute(_lease(some, holder, seconds))
        attempts |= {Key(row.signature_id, row.version): row.attempts for row in leased}
    return [Job(*key, attempts[key]) for key in keys]


@cache
def _find_due() -> Select[int, int]:
    """Build the statement for the due jobs of one urgency: one range of the index."""
    return (
        select(EvidenceJob.signature_id, EvidenceJob.version)
        .where(EvidenceJob.urgency == bindparam("urgency"), _IS_DUE)
        .order_by(EvidenceJob.due_at)
        .limit(bindparam("missing"))
        .with_for_update(skip_locked=True)
    )


def _lease(keys: Collection[Key], holder: str, seconds: float) -> Any:
    was_lost = EvidenceJob.lease.is_not(None)
    return (
        update(EvidenceJob)
        .where(_is_one_of(EvidenceJob, keys))
        .values(
            lease=holder,
            lease_until=utc_in(seconds),
            attempts=EvidenceJob.attempts + case((was_lost, 1), else_=0),
        )
        .returning(EvidenceJob.signature_id, EvidenceJob.version, EvidenceJob.attempts)
    )


def finish(connection: Connection, key: Key, holder: str) -> bool:
    """End a job; return whether its lease was still the holder's. Otherwise nothing changes."""
    return connection.execute(_FINISH, {**parameters_of(key), "holder": holder}).rowcount > 0


def put_off(
    connection: Connection,
    key: Key,
    holder: str,
    delay_seconds: float,
    reason: Reasons | None = None,
) -> bool:
    """Release a job, to be tried again later; return whether its lease was still the holder's.

    Args:
        connection: to the store.
        key: of the version.
        holder: as it was claimed.
        delay_seconds: how much later, as of `backoff`.
        reason: why it had no success.
    """
    statement = _free(*_HELD).values(
        attempts=EvidenceJob.attempts + 1, due_at=utc_in(delay_seconds), reason=bounded(reason)
    )
    return connection.execute(statement, {**parameters_of(key), "holder": holder}).rowcount > 0


def of_version(table: Any, key: Key) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions on a table's rows that they belong to a version."""
    return table.signature_id == key.signature_id, table.version == key.version


_HELD = (*is_of_version(EvidenceJob), EvidenceJob.lease == bindparam("holder"))
_FINISH = delete(EvidenceJob).where(*_HELD)
_FIND_HELD = select(EvidenceJob.version).where(*_HELD).with_for_update()


def _free(*conditions: ColumnElement[bool]) -> Update:
    return update(EvidenceJob).where(*conditions).values(lease=None, lease_until=None)


def give_back(connection: Connection, holder: str) -> int:
    """Release all jobs of a holder that ends, to be claimed at once; return how many.

    They don't count as tried.
    """
    return connection.execute(_free(EvidenceJob.lease == holder)).rowcount


def is_held(connection: Connection, key: Key, holder: str) -> bool:
    """Return whether a job's lease is the holder's, and lock the job inside a transaction."""
    values = {**parameters_of(key), "holder": holder}
    return connection.execute(_FIND_HELD, values).first() is not None


def backoff(attempts: int, random: Callable[[], float]) -> float:
    """Return the seconds after which a job is tried again: from `SHORTEST` to `LONGEST`.

    The time doubles with each attempt, and a random part of it is added, so that what failed at the
    same time is not tried again at the same time.

    Args:
        attempts: how often it was tried before this attempt.
        random: returns a number from 0 to 1, as `random.random`.
    """
    shortest = min(SHORTEST * 2.0 ** min(max(attempts, 0), 30), LONGEST / 2)
    return shortest * (1 + random())


def retry_now(connection: Connection, key: Key | None = None) -> int:
    """Make a job that was put off due now, or all of them; return how many."""
    conditions = [] if key is None else list(of_version(EvidenceJob, key))
    statement = update(EvidenceJob).where(EvidenceJob.due_at > utc_now(), *conditions)
    return connection.execute(statement.values(due_at=utc_now())).rowcount


def hasten_far(connection: Connection) -> int:
    """Make due what is due later than anything is put off, by a wrong clock; return how many."""
    is_far = EvidenceJob.due_at > utc_in(FAR)
    # Of each the index knows the last.
    of_each = (exists().where(EvidenceJob.urgency == urgency, is_far) for urgency in URGENCIES)
    if not connection.execute(select(or_(*of_each))).scalar_one():
        return 0
    return connection.execute(update(EvidenceJob).where(is_far).values(due_at=utc_now())).rowcount


def count(connection: Connection) -> JobCounts:
    """Return the length of the queue; the cost grows with it."""
    due = func.coalesce(func.sum(case((_IS_DUE, 1), else_=0)), 0)
    joined = EvidenceJob.__table__.join(Version, and_(*_VERSION_OF_JOB))
    statement = select(func.count(), func.min(Version.created_at), due).select_from(joined)
    return JobCounts(*connection.execute(statement).one())


_VERSION_OF_JOB = (
    Version.signature_id == EvidenceJob.signature_id,
    Version.version == EvidenceJob.version,
)


def due_within(connection: Connection, seconds: float) -> bool:
    """Return whether a job can be claimed now, or can within some seconds, without a lock.

    A worker asks for it before it claims: on SQLite a claim waits for those who save.
    """
    soon = utc_in(seconds)
    is_free = or_(_IS_FREE, EvidenceJob.lease_until < soon)
    of_each = (
        exists().where(EvidenceJob.urgency == urgency, EvidenceJob.due_at <= soon, is_free)
        for urgency in URGENCIES
    )
    return bool(connection.execute(select(or_(*of_each))).scalar_one())
