"""The statements of a save, made once for each kind of database.

One of them decides who wins when writers meet; all else that a save writes hangs on the row that
it gives back. PostgreSQL gets the whole save as one statement, the rest as common table expressions
beside the deciding one; SQLite, which has none that write, gets the same parts one after the other
under its write lock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    Delete,
    Executable,
    FromClause,
    Insert,
    Select,
    bindparam,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate

from app.store import search_indexes, signers
from app.store.columns import random_uuid, utc_now
from app.store.models import Signature, Version
from app.store.prepared import Prepared

_HEAD_COLUMNS = (Signature.id, Signature.version, Signature.created_at, Signature.updated_at)
#: How many columns each save gives back; what is asked for besides comes after them.
HEAD = len(_HEAD_COLUMNS)
# A parameter named as a column would be taken for a value to set.
_THREAD = (
    Signature.document == bindparam("new_document"),
    Signature.thread == bindparam("new_thread"),
)

_Claim = ReturningInsert[*tuple[Any, ...]] | ReturningUpdate[*tuple[Any, ...]]
_Follower = Insert | Delete
_Followers = Callable[[FromClause], list[_Follower]]
_More = Callable[[FromClause], list[Any]]


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
class Saves:
    """The two ways in which a save goes, ready for one database.

    Each gives the columns of the head, or None if somebody else was first.
    """

    first: _SavePostgresql | _SaveSqlite
    next: _SavePostgresql | _SaveSqlite


@cache
def saves(dialect: str, compare: bool) -> Saves:
    """Give the statements; `compare` adds what the version before claims, as `Superseded`."""
    save = _SaveSqlite if dialect == "sqlite" else _SavePostgresql

    def begin(head: FromClause) -> list[_Follower]:
        return [*keep(head), *search_indexes.add_sent(dialect, head)]

    def follow(head: FromClause) -> list[_Follower]:
        return [*keep(head), *search_indexes.replace(dialect, head)]

    def keep(head: FromClause) -> list[_Follower]:
        return [_add_version(head), signers.add_sent(dialect, head)]

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

    return Saves(
        first=save.of(_claim_first(dialect), begin, lambda _head: []),
        next=save.of(_claim_next(), follow, superseded),
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
            public_id=random_uuid(),
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
        "format": bindparam("new_format"),
        "signature_size": bindparam("new_signature_size"),
        "content_size": bindparam("new_content_size"),
        "method": bindparam("new_method"),
        "saved_by": bindparam("new_saved_by"),
        "created_at": head.c.updated_at,
    }
    return insert(Version).from_select(list(values), select(*values.values()))
