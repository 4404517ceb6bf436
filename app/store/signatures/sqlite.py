"""A save on SQLite: a few statements under the write lock, built once.

One of them decides between concurrent writers; everything else that a save writes depends on the
row that it returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    Executable,
    Insert,
    LargeBinary,
    Select,
    SmallInteger,
    Text,
    bindparam,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.dialects import sqlite

from app.store.database.base64_text import stored_as
from app.store.database.types import random_uuid, utc_now
from app.store.models import EvidenceJob, Signature, Version
from app.store.search import indexes as search_indexes
from app.store.signatures import signers
from app.store.signatures.carried_contents import carry

_HEAD_COLUMNS = (Signature.id, Signature.version, Signature.created_at, Signature.updated_at)
# SQLAlchemy would take a parameter named as a column for a value to set.
_THREAD = (
    Signature.document == bindparam("new_document"),
    Signature.thread == bindparam("new_thread"),
)
_HEAD = select(*_HEAD_COLUMNS).where(*_THREAD).subquery("head")
_HEAD_ID = select(_HEAD.c.id).scalar_subquery()
_HEAD_VERSION = select(_HEAD.c.version).scalar_subquery()


def save(connection: Connection, values: dict[str, Any], *, compare: bool) -> Sequence[Any] | None:
    """Save a version.

    Args:
        connection: one of `database.saving`.
        values: the arguments of `writing.save_version`, by the names of the placeholders.
        compare: whether to return the claims of the previous version.

    Returns:
        the head's id, version, and when it was created and updated; then the fields of
        `writing.Superseded`, each None if it wasn't requested or there is none. None if another
        save was first.
    """
    text, packed = stored_as(values["new_cms"])
    values = {**values, "new_cms": text, "new_cms_bytes": packed}
    values |= search_indexes.sent_lists(values)
    is_queued = values["new_evidence"] is not None
    next_head = _run(connection, _next(is_queued), values) if values["seen"] else None
    if next_head is None:
        head = _run(connection, _first(is_queued), values)
        return None if head is None else (*head, None, None)
    superseded = connection.execute(_superseded(), values).one() if compare else (None, None)
    return (*next_head, *superseded)


@dataclass(frozen=True, slots=True)
class _Save:
    """The statements of a save: the rest are executed only if the claim returns a row."""

    claim: Executable
    rest: tuple[Executable, ...]


def _run(connection: Connection, save: _Save, values: dict[str, Any]) -> Sequence[Any] | None:
    head = connection.execute(save.claim, values).first()
    if head is not None:
        if head.version > 1:
            before = search_indexes.superseded_lists(connection, head.id, values["seen"])
            values = {**values, **before}
        for statement in save.rest:
            connection.execute(statement, values)
    return head


@cache
def _first(is_queued: bool) -> _Save:
    """Build the statements that begin a thread, if there is none."""
    claim = (
        sqlite.insert(Signature)
        .values(
            document=bindparam("new_document"),
            thread=bindparam("new_thread"),
            stage=bindparam("new_stage"),
            version=1,
            created_at=utc_now(),
            updated_at=utc_now(),
            claimed_signed_at=bindparam("new_signed_at"),
            public_id=random_uuid(),
        )
        .on_conflict_do_nothing()
        .returning(*_HEAD_COLUMNS)
    )
    return _Save(claim, (*_keep(is_queued), *search_indexes.add_sent(_HEAD)))


@cache
def _next(is_queued: bool) -> _Save:
    """Build the statements that increment a thread's version, if it is still the one seen."""
    claim = (
        update(Signature)
        .where(*_THREAD, Signature.version == bindparam("seen"))
        .values(
            version=Signature.version + 1,
            stage=bindparam("new_stage"),
            updated_at=utc_now(),
            claimed_signed_at=bindparam("new_signed_at"),
        )
        .returning(*_HEAD_COLUMNS)
    )
    taken_over = carry(_HEAD_ID, _HEAD_VERSION)
    return _Save(claim, (*_keep(is_queued), taken_over, *search_indexes.replace(_HEAD)))


@cache
def _superseded() -> Select[Any]:
    """Build the statement that returns the claims of the previous version, as `Superseded`."""
    signature_id = select(_HEAD.c.id).scalar_subquery()
    content = select(Version.content_sha256).where(
        Version.signature_id == signature_id, Version.version == bindparam("seen")
    )
    facts = signers.facts_of("sqlite", signature_id, bindparam("seen"))
    return select(facts, content.scalar_subquery())


def _keep(is_queued: bool) -> tuple[Insert, ...]:
    values = {
        "signature_id": _HEAD.c.id,
        "version": _HEAD.c.version,
        "cms": bindparam("new_cms", type_=Text()),
        "cms_bytes": bindparam("new_cms_bytes", type_=LargeBinary()),
        "stage": bindparam("new_stage"),
        "created_by": bindparam("new_created_by"),
        "comment": bindparam("new_comment"),
        "tags": search_indexes.SENT_TAGS,
        "terms": search_indexes.SENT_TERMS,
        "signature_sha256": bindparam("new_signature_sha256"),
        "content_sha256": bindparam("new_content_sha256"),
        "format": bindparam("new_format"),
        "signature_size": bindparam("new_signature_size"),
        "content_size": bindparam("new_content_size"),
        "method": bindparam("new_method"),
        "saved_by": bindparam("new_saved_by"),
        "created_at": _HEAD.c.updated_at,
    }
    version = insert(Version).from_select(list(values), select(*values.values()))
    kept = version, signers.add_sent(_HEAD)
    return (*kept, _enqueue()) if is_queued else kept


def _enqueue() -> Insert:
    values = {
        "signature_id": _HEAD.c.id,
        "version": _HEAD.c.version,
        "urgency": bindparam("new_evidence", type_=SmallInteger()),
        "due_at": utc_now(),
        "attempts": literal(0),
    }
    return insert(EvidenceJob).from_select(list(values), select(*values.values()))
