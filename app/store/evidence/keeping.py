"""What a worker obtained, kept in one transaction with the end of its job.

Whenever a worker is killed, either all of it is kept, or nothing, and the job is still there. What
is there already is not kept twice: a blob has its SHA-256 for a key, an item all of its values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from sqlalchemy import Connection, bindparam, delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from app.store.database.types import utc_now
from app.store.evidence import jobs
from app.store.evidence.reasons import Reasons, bounded
from app.store.evidence.version_keys import is_of_version, parameters_of
from app.store.models import (
    EvidenceBlob,
    EvidenceItem,
    EvidenceState,
    EvidenceThread,
    EvidenceUnrecorded,
    Signature,
)
from app.store.signatures.large_texts import Key

Kind: TypeAlias = Literal["timestamp", "ocsp", "crl", "certificate"]
Result: TypeAlias = Literal["complete", "impossible"]

#: Items of one version at most, and bytes of each. A list of revocations of the NCA has 22 MB.
MAX_ITEMS: Final = 5000
MAX_SIZE: Final = 64 * 1024 * 1024


class TooMuchEvidence(ValueError):
    """A version would have more items than `MAX_ITEMS`, or one of more than `MAX_SIZE` bytes."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something obtained for a signer: DER. `number` is that of the signer, from 1.

    What is large may be a file that is mapped into memory: it is hashed, and sent, like bytes.
    """

    number: int
    kind: Kind
    data: bytes

    @property
    def sha256(self) -> bytes:
        """The SHA-256 of the data."""
        return sha256(self.data).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The result for a signer; see `models.EvidenceState`."""

    number: int
    state: Result
    #: Why it is impossible.
    reason: Reasons | None = None
    #: Whether the card's five-minute rule is met, and why not.
    card: bool
    card_reason: Reasons | None = None
    gen_time: datetime | None = None
    lasts_until: datetime | None = None


def keep(
    connection: Connection, key: Key, items: Sequence[Item], states: Sequence[State], holder: str
) -> bool:
    """Keep all evidence of a version and end its job, inside `database.transaction`.

    Args:
        connection: to the store.
        key: of the version.
        items: what was obtained; what `mark_pending` kept need not be among it.
        states: the result for each signer.
        holder: as the job was claimed.

    Returns:
        Whether that was done. Nothing is changed if the lease is no longer the holder's, or the
        version was deleted.

    Raises:
        TooMuchEvidence: there is more than may be kept.
        ValueError: there is no state.
    """
    _require_bounded(items)
    if not states:
        raise ValueError("the result for the signers is missing")
    if not (_lock(connection, key) and jobs.finish(connection, key, holder)):
        return False
    _keep_all(connection, key, items, states)
    return True


def keep_saved(
    connection: Connection, key: Key, items: Sequence[Item], states: Sequence[State]
) -> None:
    """Keep all evidence of a version that was saved before it in the same transaction.

    Such a version has no job. Raises as `keep`.
    """
    _require_bounded(items)
    if not states:
        raise ValueError("the result for the signers is missing")
    _keep_all(connection, key, items, states)


def _keep_all(
    connection: Connection, key: Key, items: Sequence[Item], states: Sequence[State]
) -> None:
    _keep_items(connection, key, items)
    _keep_states(connection, key, states)
    is_impossible = any(one.state == "impossible" for one in states)
    _keep_thread(connection, key, "impossible" if is_impossible else "complete")
    # It becomes a leaf of the next tree; if it was to be renewed, that is a new record instead.
    statements = _statements(connection.dialect.name)
    connection.execute(statements.add_unrecorded, {**key._asdict(), "renews": None})


def mark_pending(  # noqa: PLR0913 - a job, and what is known of it
    connection: Connection,
    key: Key,
    items: Sequence[Item],
    holder: str,
    *,
    delay_seconds: float | None = None,
    reason: Reasons | None = None,
) -> bool:
    """Keep a part of a version's evidence, inside `database.transaction`; the job stays.

    So a server is not asked twice for what it gave already, whatever happens afterwards.

    Args:
        connection: to the store.
        key: of the version.
        items: what was obtained so far.
        holder: as the job was claimed.
        delay_seconds: after which the job is tried again, as `jobs.put_off` does; None: the holder
            goes on with it.
        reason: why it is put off.

    Returns:
        Whether that was done, as of `keep`.

    Raises:
        TooMuchEvidence: there is more than may be kept.
    """
    _require_bounded(items)
    if not (_lock(connection, key) and jobs.is_held(connection, key, holder)):
        return False
    _keep_items(connection, key, items)
    if delay_seconds is not None:
        jobs.put_off(connection, key, holder, delay_seconds, reason)
    return True


def _require_bounded(items: Sequence[Item]) -> None:
    if len(items) > MAX_ITEMS:
        raise TooMuchEvidence(f"{len(items)} items, of {MAX_ITEMS} at most")
    largest = max((len(item.data) for item in items), default=0)
    if largest > MAX_SIZE:
        raise TooMuchEvidence(f"an item of {largest} bytes, of {MAX_SIZE} at most")


def _lock(connection: Connection, key: Key) -> bool:
    """Return whether the thread is there, which then can't be deleted before the commit.

    A deletion locks the thread first, too: so the two can't wait for each other. Saves don't wait.
    """
    return connection.execute(_HEAD, {"of_signature": key.signature_id}).first() is not None


# Built once: to build a statement takes several times as long as to execute it.
_HEAD = (
    select(Signature.id)
    .where(Signature.id == bindparam("of_signature"))
    .with_for_update(read=True, key_share=True)
)
_BLOBS_THERE = (
    select(EvidenceBlob.sha256)
    .where(EvidenceBlob.sha256.in_(bindparam("some", expanding=True)))
    .order_by(EvidenceBlob.sha256)
    .with_for_update(read=True, key_share=True)
)
_DELETE_STATES = delete(EvidenceState).where(*is_of_version(EvidenceState))
_ADD_STATES = insert(EvidenceState).values(updated_at=utc_now())


class _Statements(NamedTuple):
    """Insertions that do nothing, or something else, where there is such a row."""

    add_blob: Any
    add_items: Any
    set_thread: Any
    add_unrecorded: Any


@cache
def _statements(dialect: str) -> _Statements:
    """Build the statements for a database."""
    add: Any = sqlite.insert if dialect == "sqlite" else postgresql.insert
    thread, unrecorded = add(EvidenceThread), add(EvidenceUnrecorded)
    return _Statements(
        add(EvidenceBlob).on_conflict_do_nothing().values(created_at=utc_now()),
        add(EvidenceItem).on_conflict_do_nothing(),
        thread.on_conflict_do_update(
            index_elements=[EvidenceThread.signature_id],
            set_={"state": thread.excluded.state, "version": thread.excluded.version},
            where=EvidenceThread.version <= thread.excluded.version,
        ),
        unrecorded.on_conflict_do_update(
            index_elements=[EvidenceUnrecorded.signature_id, EvidenceUnrecorded.version],
            set_={"renews": None},
        ),
    )


def _keep_items(connection: Connection, key: Key, items: Iterable[Item]) -> None:
    found = {(one.number, one.kind, one.sha256): one for one in items}
    if not found:
        return
    keep_blobs(connection, {sha: one for (_, _, sha), one in found.items()})
    rows = [
        {**key._asdict(), "number": number, "kind": kind, "sha256": sha}
        for number, kind, sha in sorted(found)
    ]
    connection.execute(_statements(connection.dialect.name).add_items, rows)


def keep_blobs(connection: Connection, blobs: Mapping[bytes, Item]) -> None:
    """Add the blobs that are not there, by their SHA-256; what is there isn't sent.

    All are locked against `sweeping`, in one order for all who keep some.
    """
    there = connection.execute(_BLOBS_THERE, {"some": sorted(blobs)}).scalars()
    missing = set(blobs).difference(there)
    statement = _statements(connection.dialect.name).add_blob
    for sha in sorted(missing):
        row = {"sha256": sha, "kind": blobs[sha].kind, "data": blobs[sha].data}
        connection.execute(statement, row)


def _keep_states(connection: Connection, key: Key, states: Iterable[State]) -> None:
    connection.execute(_DELETE_STATES, parameters_of(key))
    rows = [
        {
            **key._asdict(),
            "number": one.number,
            "state": one.state,
            "reason": bounded(one.reason),
            "card": one.card,
            "card_reason": bounded(one.card_reason),
            "gen_time": one.gen_time,
            "lasts_until": one.lasts_until,
        }
        for one in states
    ]
    connection.execute(_ADD_STATES, rows)


def _keep_thread(connection: Connection, key: Key, state: Result) -> None:
    """Note the result for the list filter, unless that of a newer version is noted already."""
    statement = _statements(connection.dialect.name).set_thread
    connection.execute(statement, {**key._asdict(), "state": state})
