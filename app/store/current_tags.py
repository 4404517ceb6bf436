"""The tags of a thread's current version, by which a token may be bound."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, select

from app.store.models import Signature, Version

_CURRENT = (Version.signature_id == Signature.id) & (Version.version == Signature.version)


def find_current_tags(connection: Connection, signature_id: int) -> list[str] | None:
    """Give the current tags of the thread with an id; None if it is gone."""
    return _read(connection, _tags().where(Signature.id == signature_id))


def lock_current_tags(connection: Connection, document: str, thread: str) -> list[str] | None:
    """Give the current tags of a thread, None if there is none, and keep others from changing it.

    Inside `database.transaction`.
    """
    named = _tags().where(Signature.document == document, Signature.thread == thread)
    return _read(connection, named.with_for_update(of=Signature))


def _tags() -> Select[Any]:
    return select(Version.tags).join(Signature, _CURRENT)


def _read(connection: Connection, statement: Select[Any]) -> list[str] | None:
    found: list[str] | None = connection.execute(statement).scalar_one_or_none()
    return found
