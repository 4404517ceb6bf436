"""Threads moved from another server, unchanged: with their ids, numbers and times.

Extracted data and search terms are written by the same statements as for reindexed versions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import uuid4

import orjson
from sqlalchemy import (
    JSON,
    Connection,
    Integer,
    LargeBinary,
    Text,
    and_,
    column,
    delete,
    func,
    insert,
    select,
    text,
    values,
)
from sqlalchemy.dialects import postgresql, sqlite

from app.store.database import bulk
from app.store.database.base64_text import stored_as
from app.store.database.types import ROW_ID, UtcDateTime
from app.store.models import Signature, Version
from app.store.search import kept_counts
from app.store.signatures import reindexed
from app.store.signatures.extraction import Signing
from app.store.signatures.large_texts import SIGNATURE
from app.store.signatures.reindexed import Reread

_KINDS = {
    "signature_id": ROW_ID,
    "version": Integer(),
    "cms": Text(),
    "cms_bytes": LargeBinary(),
    "created_by": Text(),
    "comment": Text(),
    "tags": JSON(),
    "created_at": UtcDateTime(),
}


class Head(NamedTuple):
    """A thread; `version` is the number of its current version."""

    id: int
    document: str
    thread: str
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """One version of it; `signing` is extracted from its text."""

    signature_id: int
    version: int
    cms: str
    created_by: str | None
    comment: str | None
    tags: Sequence[str]
    created_at: datetime
    signing: Signing


class Kept(NamedTuple):
    """What the store has of a version beside its text; `is_signature` says whether it is one."""

    signature_id: int
    version: int
    created_at: datetime
    created_by: str | None
    comment: str | None
    stage: str | None
    tags: list[str]
    is_signature: bool


def reserve_ids(connection: Connection, highest: int, schema: str | None) -> None:
    """Make new threads get ids higher than one. Inside `database.transaction`.

    Args:
        connection: of the store.
        highest: the id.
        schema: the name of the PostgreSQL schema that holds the tables, None: the default.
    """
    if connection.dialect.name == "sqlite":
        connection.execute(
            text(
                "INSERT INTO sqlite_sequence (name, seq) SELECT 'signatures', 0"
                " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'signatures')"
            )
        )
        connection.execute(
            text("UPDATE sqlite_sequence SET seq = max(seq, :highest) WHERE name = 'signatures'"),
            {"highest": highest},
        )
        return
    quote = connection.dialect.identifier_preparer.quote
    table = "signatures" if schema is None else f"{quote(schema)}.signatures"
    sequence = func.pg_get_serial_sequence(table, "id")
    given = func.coalesce(func.pg_sequence_last_value(sequence.cast(postgresql.REGCLASS)), 0)
    connection.execute(
        select(func.setval(sequence.cast(postgresql.REGCLASS), highest)).where(given < highest)
    )


def find_ids(connection: Connection, ids: Collection[int]) -> set[int]:
    """Return which of the ids exist."""
    return set(connection.execute(select(Signature.id).where(Signature.id.in_(ids))).scalars())


def begin(connection: Connection, heads: Sequence[Head]) -> set[int]:
    """Add threads without versions, except those whose id, or name, another thread has.

    Inside `database.transaction`, as all functions that follow.

    Returns:
        the ids of those that were added.
    """
    if not heads:
        return set()
    insert_or_nothing = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = (
        insert_or_nothing(Signature)
        .values([{**head._asdict(), "public_id": str(uuid4())} for head in heads])
        .on_conflict_do_nothing()
        .returning(Signature.id)
    )
    begun = set(connection.execute(statement).scalars())
    kept_counts.reset(connection)  # Their ids may be lower than those of counts.
    return begun


def add_versions(connection: Connection, versions: Sequence[Imported]) -> None:
    """Add versions to threads that were begun, with their extracted data."""
    bulk.execute(
        connection,
        lambda given: insert(Version).from_select(
            list(_KINDS), select(*(getattr(given, name) for name in _KINDS))
        ),
        _KINDS,
        [
            (
                one.signature_id,
                one.version,
                *stored_as(one.cms),
                one.created_by,
                one.comment,
                orjson.dumps(one.tags).decode(),
                one.created_at,
            )
            for one in versions
        ],
    )
    reindexed.write(
        connection, [Reread(one.signature_id, one.version, one.signing) for one in versions]
    )


def finish(connection: Connection, ids: Collection[int]) -> None:
    """Index the tags of the current version, once threads have all of their versions."""
    reindexed.add_tags(connection, ids)


def drop(connection: Connection, ids: Collection[int]) -> None:
    """Remove threads that were begun and can't be finished."""
    connection.execute(delete(Signature).where(Signature.id.in_(ids)))


def count_threads(connection: Connection) -> int:
    """Return how many threads there are."""
    return connection.execute(select(func.count()).select_from(Signature)).scalar_one()


def find_heads(connection: Connection, ids: Collection[int]) -> dict[int, Head]:
    """Return the threads that have these ids."""
    columns = (getattr(Signature, name) for name in Head._fields)
    rows = connection.execute(select(*columns).where(Signature.id.in_(ids)))
    return {row.id: Head(*row) for row in rows}


def find_names(connection: Connection, names: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return those pairs of document and thread that exist."""
    if not names:
        return set()
    key = {"document": Signature.document, "thread": Signature.thread}
    rows = connection.execute(select(*key.values()).join(*_sent(key, names)))
    return {(row.document, row.thread) for row in rows}


def find_versions(connection: Connection, ids: Collection[int]) -> Iterator[Kept]:
    """Return all versions of threads, without their texts, in order."""
    names = ("signature_id", "version", "created_at", "created_by", "comment", "stage", "tags")
    rows = connection.execute(
        select(*(getattr(Version, name) for name in names), Version.format.is_not(None))
        .where(Version.signature_id.in_(ids))
        .order_by(Version.signature_id, Version.version)
    )
    return map(Kept._make, rows)


def find_texts(
    connection: Connection, keys: Collection[tuple[int, int]]
) -> dict[tuple[int, int], str]:
    """Return the texts of versions by their thread's id and their number."""
    key = {"signature_id": Version.signature_id, "version": Version.version}
    rows = connection.execute(select(*key.values(), SIGNATURE.label("cms")).join(*_sent(key, keys)))
    return {(row.signature_id, row.version): row.cms for row in rows}


def _sent(key: Mapping[str, Any], sent: Collection[tuple[Any, ...]]) -> tuple[Any, Any]:
    """Return the table to join, and the condition, for the rows whose key is among those sent.

    SQLite would read the whole table for an IN of several columns, and PostgreSQL compare each row
    with each key.
    """
    columns = (column(name, one.type) for name, one in key.items())
    table = values(*columns, name="sent").data(list(sent)).cte("sent")
    return table, and_(*(one == table.c[name] for name, one in key.items()))
