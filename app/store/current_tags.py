"""The tags of a thread's current version, by which a token may be bound."""

from __future__ import annotations

from sqlalchemy import Connection, select

from app.store.models import IS_CURRENT, Signature, Version

#: Tags that a save may bring, or a filter name.
MAX_TAGS = 200


def find_current_tags(connection: Connection, signature_id: int) -> list[str] | None:
    """Return the current tags of the thread with an id; None if it is gone."""
    statement = select(Version.tags).join(Signature, IS_CURRENT).where(Signature.id == signature_id)
    found: list[str] | None = connection.execute(statement).scalar_one_or_none()
    return found


def look_current_tags(connection: Connection, document: str, thread: str) -> list[str] | None:
    """Return the current tags of a thread; None if there is none. One statement, either way."""
    statement = (
        select(Version.tags)
        .join(Signature, IS_CURRENT)
        .where(Signature.document == document, Signature.thread == thread)
    )
    found: list[str] | None = connection.execute(statement).scalar_one_or_none()
    return found


def lock_current_tags(connection: Connection, document: str, thread: str) -> list[str] | None:
    """Return the current tags of a thread, None if there is none, and keep others from changing it.

    Inside `database.transaction`.
    """
    named = select(Signature.id).where(Signature.document == document, Signature.thread == thread)
    signature_id = connection.execute(named.with_for_update()).scalar_one_or_none()
    if signature_id is None:
        return None
    # Not in one statement: on PostgreSQL one that had to wait for a writer would join the new head
    # with the versions from before it began, and find nothing.
    return find_current_tags(connection, signature_id)
