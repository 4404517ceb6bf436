"""Writes: the rules by which a thread's chain of versions grows and goes.

One statement decides who wins when writers meet: an UPDATE of the head at the version that the
caller has seen, or an INSERT of a head that was not there. No row back means that somebody else
was first. All else that a save writes hangs on that row. PostgreSQL gets the whole save as one
statement, the rest as common table expressions beside the deciding one; SQLite, which has none
that write, gets the same parts one after the other under its write lock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    Connection,
    Executable,
    FromClause,
    Insert,
    Select,
    bindparam,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Delete, ReturningInsert, ReturningUpdate

from app.store import search_indexes, signers
from app.store.errors import SignatureNotFound, VersionConflict, VersionNotSet
from app.store.models import Signature, Version, utc_now
from app.store.prepared import Prepared
from app.store.records import SignatureRecord
from app.store.signing import Signing

_HEAD_COLUMNS = (Signature.id, Signature.version, Signature.created_at, Signature.updated_at)
_HEAD = len(_HEAD_COLUMNS)
# A parameter named as a column would be taken for a value to set.
_THREAD = (
    Signature.document == bindparam("new_document"),
    Signature.thread == bindparam("new_thread"),
)

_Claim = ReturningInsert[*tuple[Any, ...]] | ReturningUpdate[*tuple[Any, ...]]
_Follower = Insert | Delete
_Followers = Callable[[FromClause], list[_Follower]]
_More = Callable[[FromClause], list[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """What a save brings. All text is checked already; `tags` holds each tag once."""

    document: str
    thread: str
    cms: str
    stage: str | None = None
    created_by: str | None = None
    comment: str | None = None
    tags: tuple[str, ...] = ()


class Superseded(NamedTuple):
    """What the version before claims: the facts of its signers as JSON text, and its content."""

    signers: str
    content_sha256: str | None


class Saved(NamedTuple):
    """What a save gives back; `superseded` only if it was asked for, and there is one."""

    record: SignatureRecord
    superseded: Superseded | None


def save_version(
    connection: Connection,
    new: NewVersion,
    signing: Signing,
    seen: int | None,
    *,
    compare: bool = False,
) -> Saved:
    """Add a version to a thread, or begin the thread with its first.

    Args:
        connection: one of `database.saving`.
        new: what is saved.
        signing: what was read out of the signature.
        seen: number of the version that the caller knows as the current one; None or 0 if it
            knows of none. A new thread ignores it.
        compare: whether to give back what the version before claims.

    Raises:
        VersionNotSet: the thread exists, and `seen` says nothing.
        VersionConflict: `seen` is not, or by now no more, the current version.
    """
    saves = _saves(connection.dialect.name, compare)
    values = {
        "new_document": new.document,
        "new_thread": new.thread,
        "new_cms": new.cms,
        "new_stage": new.stage,
        "new_created_by": new.created_by,
        "new_comment": new.comment,
        "new_tags": orjson.dumps(new.tags).decode(),
        "new_terms": signing.terms,
        "new_signers": signing.signers,
        "new_signature_sha256": signing.signature_sha256,
        "new_content_sha256": signing.content_sha256,
        "new_signed_at": signing.signed_at,
        "seen": seen,
    }
    head = saves.next.run(connection, values) if seen else None
    if head is None:
        head = saves.first.run(connection, values)
    if head is None:
        raise VersionConflict if seen else VersionNotSet
    superseded = Superseded(*head[_HEAD:]) if len(head) > _HEAD else None
    return Saved(_record(new, *head[:_HEAD]), superseded)


def _record(
    new: NewVersion, signature_id: int, version: int, created_at: datetime, updated_at: datetime
) -> SignatureRecord:
    """Put together what was sent and what the database added."""
    return SignatureRecord(
        id=signature_id,
        document=new.document,
        thread=new.thread,
        created_at=created_at,
        updated_at=updated_at,
        version=version,
        stage=new.stage,
        created_by=new.created_by,
        comment=new.comment,
        tags=list(new.tags),
        version_created_at=updated_at,
        cms=new.cms,
    )


def delete_chain(connection: Connection, document: str, thread: str) -> None:
    """Remove a thread: its head, all versions, its tags. Inside `database.transaction`.

    Raises:
        SignatureNotFound: there is no such thread.
    """
    # The lock waits for a writer that is at work, so that what it adds is removed as well.
    head = connection.execute(
        select(Signature.id, Signature.version)
        .where(Signature.document == document, Signature.thread == thread)
        .with_for_update()
    ).first()
    if head is None:
        raise SignatureNotFound
    for index in search_indexes.drop_all(connection.dialect.name, head.id, head.version):
        connection.execute(index)
    connection.execute(delete(Signature).where(Signature.id == head.id))


@dataclass(frozen=True, slots=True)
class _SavePostgresql:
    """A save as one statement."""

    statement: Prepared

    @classmethod
    def of(cls, claim: _Claim, followers: _Followers, more: _More) -> _SavePostgresql:
        head = claim.cte("head")
        parts = [part.cte(f"part_{number}") for number, part in enumerate(followers(head))]
        return cls(Prepared(select(head, *more(head)).add_cte(*parts)))

    def run(self, connection: Connection, values: dict[str, Any]) -> Any:
        return next(iter(self.statement.fetch(connection, values)), None)


@dataclass(frozen=True, slots=True)
class _SaveSqlite:
    """A save as several statements, under the write lock."""

    claim: Executable
    followers: list[_Follower]
    more: Select[Any] | None

    @classmethod
    def of(cls, claim: _Claim, followers: _Followers, more: _More) -> _SaveSqlite:
        head = select(*_HEAD_COLUMNS).where(*_THREAD).subquery("head")
        columns = more(head)
        return cls(claim, followers(head), select(*columns) if columns else None)

    def run(self, connection: Connection, values: dict[str, Any]) -> Any:
        head = connection.execute(self.claim, values).first()
        if head is None:
            return None
        for follower in self.followers:
            connection.execute(follower, values)
        if self.more is None:
            return head
        return (*head, *connection.execute(self.more, values).one())


@dataclass(frozen=True, slots=True)
class _Saves:
    """The two ways in which a save goes, ready for one database."""

    first: _SavePostgresql | _SaveSqlite
    next: _SavePostgresql | _SaveSqlite


@cache
def _saves(dialect: str, compare: bool) -> _Saves:
    save = _SaveSqlite if dialect == "sqlite" else _SavePostgresql

    def add(head: FromClause) -> list[_Follower]:
        return [
            _add_version(head),
            signers.add_sent(dialect, head),
            *search_indexes.add_sent(dialect, head),
        ]

    def replace(head: FromClause) -> list[_Follower]:
        return [*search_indexes.drop_superseded(dialect, head), *add(head)]

    def superseded(head: FromClause) -> list[Any]:
        if not compare:
            return []
        signature_id = select(head.c.id).scalar_subquery()
        content = select(Version.content_sha256).where(
            Version.signature_id == signature_id, Version.version == bindparam("seen")
        )
        return [
            signers.facts_of(dialect, signature_id, bindparam("seen")),
            content.scalar_subquery().label("content_sha256"),
        ]

    return _Saves(
        first=save.of(_claim_first(dialect), add, lambda _head: []),
        next=save.of(_claim_next(), replace, superseded),
    )


def _claim_first(dialect: str) -> _Claim:
    """Write the statement that begins a thread, if there is none."""
    insert_or_nothing = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return (
        insert_or_nothing(Signature)
        .values(
            document=bindparam("new_document"),
            thread=bindparam("new_thread"),
            stage=bindparam("new_stage"),
            version=1,
            created_at=utc_now(),
            updated_at=utc_now(),
            claimed_signed_at=bindparam("new_signed_at"),
        )
        .on_conflict_do_nothing()
        .returning(*_HEAD_COLUMNS)
    )


def _claim_next() -> _Claim:
    """Write the statement that raises a thread's version, if it is still the one seen."""
    return (
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


def _add_version(head: FromClause) -> Insert:
    values = {
        "signature_id": head.c.id,
        "version": head.c.version,
        "cms": bindparam("new_cms"),
        "stage": bindparam("new_stage"),
        "created_by": bindparam("new_created_by"),
        "comment": bindparam("new_comment"),
        "tags": search_indexes.SENT_TAGS,
        "terms": search_indexes.SENT_TERMS,
        "signature_sha256": bindparam("new_signature_sha256"),
        "content_sha256": bindparam("new_content_sha256"),
        "created_at": head.c.updated_at,
    }
    return insert(Version).from_select(list(values), select(*values.values()))
