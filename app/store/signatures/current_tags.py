"""The tags of a thread's current version, by which a token's access may be limited."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, select

from app.store.models import IS_CURRENT, Signature, Version

#: Tags of a save or a filter at most, and bytes of all tags of a save, in UTF-8: 200 tags may have
#: 81 bytes each. A thread that has more keeps them.
MAX_TAGS = 200
MAX_TAG_BYTES = 16 * 1024
#: Tags allowed with any signature, and, for each further tag, the required characters of the
#: signature and bytes of all tags: a tag takes some 200 bytes of PostgreSQL's disk, however short
#: it is. The first characters, which no signature lacks, pay for all else that a save writes: of
#: 3,000, which real ones exceed, there may be 200 tags of seven letters.
FREE_TAGS, SENT_FOR_TAG, PAID = 3, 21, 150


def most_tags(characters: int, tags: Sequence[str]) -> int:
    """Return how many of these tags, from the first, a signature of `characters` may have."""
    sent, most = characters, 0
    for number, tag in enumerate(tags[:MAX_TAGS], 1):
        sent += len(tag.encode())
        if number <= FREE_TAGS + max(sent - PAID, 0) // SENT_FOR_TAG:
            most = number
    return most


def are_bounded(tags: Collection[str], most: int = MAX_TAGS) -> bool:
    """Return whether a save may add these tags, `most` of them, to a thread without them."""
    return len(tags) <= most and sum(len(tag.encode()) for tag in tags) <= MAX_TAG_BYTES


def find_current_tags(connection: Connection, signature_id: int) -> list[str] | None:
    """Return the current tags of the thread with an id; None if it is gone."""
    statement = select(Version.tags).join(Signature, IS_CURRENT).where(Signature.id == signature_id)
    found: list[str] | None = connection.execute(statement).scalar_one_or_none()
    return found


def read_current_tags(connection: Connection, document: str, thread: str) -> list[str] | None:
    """Return the current tags of a thread; None if there is none. One statement in both cases."""
    statement = (
        select(Version.tags)
        .join(Signature, IS_CURRENT)
        .where(Signature.document == document, Signature.thread == thread)
    )
    found: list[str] | None = connection.execute(statement).scalar_one_or_none()
    return found


def lock_current_tags(connection: Connection, document: str, thread: str) -> list[str] | None:
    """Return the current tags of a thread, None if there is none, and lock the thread.

    Inside `database.transaction`.
    """
    named = select(Signature.id).where(Signature.document == document, Signature.thread == thread)
    signature_id = connection.execute(named.with_for_update()).scalar_one_or_none()
    if signature_id is None:
        return None
    # Not in one statement: on PostgreSQL one that had to wait for a writer would join the new head
    # with the versions of its own older snapshot, and find nothing.
    return find_current_tags(connection, signature_id)
