"""Reads: all evidence of one version, and the states of the versions of a list."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from sqlalchemy import (
    Connection,
    Select,
    func,
    literal,
    null,
    select,
    type_coerce,
    union_all,
)

from app.store.evidence.jobs import of_version
from app.store.evidence.reasons import StoredReasons
from app.store.evidence.version_keys import is_of_version, parameters_of
from app.store.models import EvidenceBlob, EvidenceItem, EvidenceJob, EvidenceState
from app.store.signatures.large_texts import Key

#: `pending`: there is a job; otherwise the worst result of the signers.
Progress: TypeAlias = Literal["pending", "complete", "impossible"]


@dataclass(frozen=True, slots=True)
class KeptItem:
    """Something obtained for a signer; equal data of several items is one object."""

    number: int
    kind: str
    sha256: bytes
    #: DER.
    data: bytes
    #: When it was obtained first, for this version or another.
    created_at: datetime


@dataclass(frozen=True, slots=True)
class KeptState:
    """The result for a signer; see `keeping.State`."""

    number: int
    state: str
    reason: StoredReasons | None
    card: bool
    card_reason: StoredReasons | None
    gen_time: datetime | None
    lasts_until: datetime | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class PendingJob:
    """A version in the queue."""

    urgency: int
    attempts: int
    due_at: datetime
    #: Until when a worker has it; None if none does. It may be over.
    lease_until: datetime | None
    reason: StoredReasons | None


@dataclass(frozen=True, slots=True)
class VersionStates:
    """The state of a version, without what was obtained."""

    #: None if there is neither a job nor a result.
    state: Progress | None = None
    #: By number; of a version in the queue those of before, if it was finished once.
    signers: tuple[KeptState, ...] = ()
    #: Why it is still pending.
    reason: StoredReasons | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of the evidence of a version; empty if there is none, or no version."""

    #: By number of the signer, kind and SHA-256.
    items: tuple[KeptItem, ...] = ()
    states: tuple[KeptState, ...] = ()
    job: PendingJob | None = None

    @property
    def state(self) -> Progress | None:
        """The state of the version; None if there is neither a job nor a result."""
        return "pending" if self.job is not None else _worst(self.states)


def read_evidence(connection: Connection, key: Key) -> Evidence:
    """Return all evidence of a version, by four statements.

    Args:
        connection: to the store; one of `database.snapshot` if a worker must not end the job in
            between.
        key: of the version. What was obtained for it may have some dozen MB.
    """
    job = connection.execute(_JOB.where(*of_version(EvidenceJob, key))).first()
    states = connection.execute(
        _STATES.where(*of_version(EvidenceState, key)).order_by(EvidenceState.number)
    )
    return Evidence(
        read_items(connection, key),
        tuple(KeptState(*row[2:]) for row in states),
        None if job is None else PendingJob(*job),
    )


_JOB: Select[Any] = select(
    EvidenceJob.urgency,
    EvidenceJob.attempts,
    EvidenceJob.due_at,
    EvidenceJob.lease_until,
    EvidenceJob.reason,
)
_STATES: Select[Any] = select(
    EvidenceState.signature_id,
    EvidenceState.version,
    EvidenceState.number,
    EvidenceState.state,
    EvidenceState.reason,
    EvidenceState.card,
    EvidenceState.card_reason,
    EvidenceState.gen_time,
    EvidenceState.lasts_until,
    EvidenceState.updated_at,
)


def read_items(connection: Connection, key: Key) -> tuple[KeptItem, ...]:
    """Return what was obtained for a version: each blob once, however many signers it serves."""
    mine = parameters_of(key)
    rows = connection.execute(_ITEMS, mine).all()
    if not rows:
        return ()
    blobs = {row[0]: (row[1], row[2]) for row in connection.execute(_BLOBS, mine)}
    return tuple(
        KeptItem(row.number, row.kind, row.sha256, *blobs[row.sha256])
        for row in rows
        if row.sha256 in blobs
    )


def measure_items(connection: Connection, key: Key) -> int:
    """Return the bytes of what was obtained for a version."""
    return connection.execute(_SIZE, parameters_of(key)).scalar() or 0


_COLUMNS = EvidenceItem.number, EvidenceItem.kind, EvidenceItem.sha256
_ITEMS = select(*_COLUMNS).where(*is_of_version(EvidenceItem)).order_by(*_COLUMNS)
_BLOBS = select(EvidenceBlob.sha256, EvidenceBlob.data, EvidenceBlob.created_at).where(
    EvidenceBlob.sha256.in_(select(EvidenceItem.sha256).where(*is_of_version(EvidenceItem)))
)
_SIZE: Select[Any] = select(func.sum(func.length(EvidenceBlob.data))).where(
    EvidenceBlob.sha256.in_(select(EvidenceItem.sha256).where(*is_of_version(EvidenceItem)))
)


@dataclass(slots=True)
class _Gathered:
    is_pending: bool = False
    reason: StoredReasons | None = None
    signers: list[KeptState] = field(default_factory=list)

    def add(self, row: Sequence[Any]) -> None:
        """Add the row of a signer, or of a job."""
        _, _, number, state, reason, *_ = row
        if number is None:
            self.is_pending, self.reason = True, reason
        else:
            self.signers.append(KeptState(number, state, reason, *row[5:]))

    def result(self) -> VersionStates:
        """Return the states, whatever the order of the rows."""
        signers = tuple(sorted(self.signers, key=lambda one: one.number))
        state = "pending" if self.is_pending else _worst(signers)
        return VersionStates(state, signers, self.reason)


def read_states(connection: Connection, keys: Collection[Key]) -> dict[Key, VersionStates]:
    """Return the state of each version of a page, by one statement.

    Args:
        connection: to the store.
        keys: of the versions, as many as a page has.
    """
    found = {key: _Gathered() for key in keys}
    if found:
        for row in connection.execute(_states_of(found)):
            key = Key(row.signature_id, row.version)
            if key in found:
                found[key].add(row)
    return {key: one.result() for key, one in found.items()}


def _states_of(keys: Collection[Key]) -> Any:
    """Build a selection of the rows of `_STATES`, and of jobs, whose number is NULL.

    It may have some of other versions of these threads: a condition on pairs takes much longer.
    """
    threads = sorted({key.signature_id for key in keys})
    versions = sorted({key.version for key in keys})
    columns = EvidenceState.__table__.c
    job = select(
        EvidenceJob.signature_id,
        EvidenceJob.version,
        type_coerce(null(), columns.number.type),
        literal("pending"),
        EvidenceJob.reason,
        *(type_coerce(null(), columns[name].type) for name in _EMPTY_OF_JOBS),
    ).where(EvidenceJob.signature_id.in_(threads), EvidenceJob.version.in_(versions))
    states = _STATES.where(
        EvidenceState.signature_id.in_(threads), EvidenceState.version.in_(versions)
    )
    return union_all(states, job)


_EMPTY_OF_JOBS = ("card", "card_reason", "gen_time", "lasts_until", "updated_at")


def _worst(states: Collection[KeptState]) -> Progress | None:
    if not states:
        return None
    return "impossible" if any(one.state == "impossible" for one in states) else "complete"
