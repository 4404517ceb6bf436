"""A stored version and its evidence, for views that look into a signature."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import Connection

from app.cms import SignerStatus
from app.evidence.lasting import Preserved, has_ended, outlast
from app.evidence.records import StoredRecord, read_file, read_record
from app.extensions import current_reads, current_trust, db
from app.services import tag_scope
from app.store.database.engine import in_snapshot
from app.store.evidence.reading import Evidence, KeptItem, read_evidence
from app.store.signatures import reading
from app.store.signatures.large_texts import Key
from app.store.signatures.records import SignatureRecord
from app.store.signatures.revocations import recall_of


def get_stored(document: str, thread: str, version: int | None) -> SignatureRecord:
    """Read a stored signature. Raises SignatureNotFound, also without access."""

    def find(connection: Connection, _stack: ExitStack) -> SignatureRecord:
        tag_scope.require_access(connection, document, thread)
        record = reading.get_signature(connection, document, thread, version)
        tag_scope.require_read_access(connection, record)
        return record

    return current_reads().read(find)


def key_of(record: SignatureRecord) -> Key:
    """Return the key of a version."""
    return Key(record.id, record.version)


def get_evidence(key: Key) -> Evidence:
    """Read all evidence of a version. Within a turn: a CRL that was kept may be large."""
    return current_reads().read(partial(_read, key), in_snapshot)


def _read(key: Key, connection: Connection, _stack: ExitStack) -> Evidence:
    return read_evidence(connection, key)


def get_preserved(key: Key, items: tuple[KeptItem, ...], now: datetime) -> Preserved:
    """Read the evidence record of a version, beside what was obtained for it. Within a turn."""

    def read(connection: Connection, _stack: ExitStack) -> Preserved:
        stored = read_record(connection, key)
        file = read_file(connection, key) if stored else None
        recall = recall_of(db.engine)
        return Preserved(file, items, stored, current_trust().loaded(), now, recall)

    return current_reads().read(read, in_snapshot)


def get_stored_record(key: Key) -> StoredRecord | None:
    """Read the evidence record of a version; None if it has none. Within a turn."""

    def read(connection: Connection, _stack: ExitStack) -> StoredRecord | None:
        return read_record(connection, key)

    return current_reads().read(read, in_snapshot)


def outlast_ended(
    statuses: Sequence[SignerStatus], key: Key, items: tuple[KeptItem, ...]
) -> tuple[SignerStatus, ...]:
    """Return results as `outlast` does; the record is only read if one depends on it."""
    if items and any(map(has_ended, statuses)):
        return outlast(statuses, get_preserved(key, items, datetime.now(UTC)))
    return tuple(statuses)
