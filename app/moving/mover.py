"""Threads of an original server, written into the store: each completely, or not at all.

What is in the store already is not touched, so an interrupted move resumes where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine

from app.moving.ciphertext import decrypt, is_encrypted
from app.moving.errors import Undecryptable
from app.moving.original import Meta, Original, Thread
from app.store.database.engine import transaction
from app.store.signatures import imported
from app.store.signatures.extraction import read_kept
from app.store.signatures.imported import Head, Imported

#: Returns the sent text for one that the original stores; raises Undecryptable.
Reveal = Callable[[str], str]


def reveal_with(key: bytes | None) -> Reveal:
    """Return a function that decrypts encrypted texts, and returns others unchanged."""

    def reveal(text: str) -> str:
        if not is_encrypted(text):
            return text
        if key is None:
            raise Undecryptable
        return decrypt(text, key)

    return reveal


def move(
    original: Original, engine: Engine, reveal: Reveal, schema: str | None
) -> Iterator[tuple[int, int]]:
    """Add the missing threads.

    After each batch, yield the number of its versions in the original, and of the threads added.

    Args:
        original: the original.
        engine: the store.
        reveal: returns the plain text of a possibly encrypted one.
        schema: the name of the PostgreSQL schema of the store, None: the default.
    """
    with transaction(engine) as connection:
        imported.reserve_ids(connection, original.highest_id(), schema)
    for batch in original.batches():
        with engine.connect() as connection:
            known = imported.find_ids(connection, [thread.id for thread in batch])
        wanted = [one for one in batch if one.id not in known and not one.is_contradictory]
        added = 0
        if wanted:
            with transaction(engine) as connection:
                added = _add(connection, original, wanted, reveal)
        yield sum(len(thread.versions) for thread in batch), added


def _add(
    connection: Connection, original: Original, threads: Sequence[Thread], reveal: Reveal
) -> int:
    """Add threads with all of their versions, except those with one that can't be decrypted."""
    now = datetime.now(UTC)
    begun = imported.begin(connection, [_head(thread, now) for thread in threads])
    mine = {thread.id: thread for thread in threads if thread.id in begun}
    undecryptable: set[int] = set()
    for texts in original.texts(mine.values()):
        versions = []
        for meta, text in texts:
            if meta.signature_id in undecryptable:
                continue
            try:
                versions.append(_version(mine[meta.signature_id], meta, reveal(text), now))
            except Undecryptable:
                undecryptable.add(meta.signature_id)
        imported.add_versions(
            connection, [one for one in versions if one.signature_id not in undecryptable]
        )
    imported.drop(connection, undecryptable)
    imported.finish(connection, begun - undecryptable)
    return len(begun - undecryptable)


def _head(thread: Thread, now: datetime) -> Head:
    return Head(
        thread.id,
        thread.document,
        thread.thread,
        thread.current.version,
        thread.created_at or thread.updated_at or now,
        thread.updated_at or thread.created_at or now,
    )


def _version(thread: Thread, meta: Meta, text: str, now: datetime) -> Imported:
    created_at = meta.created_at or now
    return Imported(
        signature_id=thread.id,
        version=meta.version,
        cms=text,
        created_by=meta.created_by,
        comment=meta.comment,
        tags=thread.tags if meta is thread.current else (),
        created_at=created_at,
        signing=read_kept(text, created_at),
    )
