"""Rewriting what threads are found by: the lists of current versions, and the rows of the index.

For migration steps: it refers to no table as the models have it today.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import accumulate
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql, sqlite

from app.store.database import bulk
from app.store.database.types import UtcDateTime

#: Threads of one batch, and bytes of their lists, unless one alone has more.
BATCH, BATCH_SIZE = 2_000, 4 * 1024 * 1024

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
HEAD = sa.table(
    "signatures",
    sa.column("id", _ROW_ID),
    sa.column("version", sa.Integer()),
    sa.column("claimed_signed_at", UtcDateTime()),
)
_VERSION = sa.table(
    "versions",
    sa.column("signature_id", _ROW_ID),
    sa.column("version", sa.Integer()),
    sa.column("terms", sa.JSON()),
    sa.column("signature_sha256", sa.Text()),
    sa.column("content_sha256", sa.Text()),
)
SIGNER = sa.table(
    "signers",
    sa.column("signature_id", _ROW_ID),
    sa.column("version", sa.Integer()),
    sa.column("number", sa.Integer()),
    sa.column("claimed_iin", sa.Text()),
    sa.column("claimed_bin", sa.Text()),
    sa.column("claimed_name", sa.Text()),
    sa.column("digest_algorithm", sa.Text()),
    sa.column("message_digest", sa.Text()),
)
TERM = sa.table("signature_terms", sa.column("term", sa.Text()), sa.column("signature_id", _ROW_ID))
_OF_TERM = {"term": sa.Text(), "signature_id": _ROW_ID}
_OF_VERSION = {"signature_id": _ROW_ID, "version": sa.Integer(), "terms": sa.JSON()}

_IS_CURRENT = (_VERSION.c.signature_id == HEAD.c.id) & (_VERSION.c.version == HEAD.c.version)
IS_OF_HEAD = (SIGNER.c.signature_id == HEAD.c.id) & (SIGNER.c.version == HEAD.c.version)
#: The list of a thread as text.
LIST = sa.cast(_VERSION.c.terms, sa.Text())


class Person(NamedTuple):
    """What a signer claims, and the digest that was signed, hex."""

    iin: str | None
    bin: str | None
    name: str | None
    digest_algorithm: str
    message_digest: str | None


class Thread(NamedTuple):
    """A thread, and what its current version is found by."""

    id: int
    version: int
    terms: list[str]
    signature_sha256: str | None
    content_sha256: str | None
    signed_at: datetime | None
    people: list[Person]


#: Makes the new list of a thread.
Make = Callable[[Thread], list[str]]


def rewrite(
    connection: sa.Connection,
    after: int,
    which: Any,
    make: Make,
    deletes: Callable[[str], bool] = lambda _term: True,
) -> int | None:
    """Rewrite the lists of a batch of threads, and their rows. Inside `database.transaction`.

    Args:
        connection: of the database.
        after: the id that the threads are behind.
        which: the condition on `LIST` that a thread is to be rewritten.
        make: makes a list, the same of its own result.
        deletes: whether the row of a term that the new list doesn't have is deleted here.

    Returns:
        The id of the last thread that was looked at; None if there was none.
    """
    looked_at = sa.select(HEAD.c.id).where(HEAD.c.id > after).order_by(HEAD.c.id)
    behind = connection.execute(looked_at.limit(BATCH)).scalars().all()
    if not behind:
        return None
    ids, last = _fitting_ids(connection, after, behind[-1], which)
    if not ids:
        return last
    # Locked, so that no save is overtaken.
    locked = sa.select(HEAD.c.id).where(HEAD.c.id.in_(ids)).order_by(HEAD.c.id)
    connection.execute(locked.with_for_update())
    lists = [(one, make(one)) for one in _find_threads(connection, ids)]
    _write(connection, [(one, new) for one, new in lists if new != one.terms], deletes)
    if connection.dialect.name == "postgresql" and _has_counts(connection):
        # Nothing else notes there that rows are added.
        reset_counts(connection)
    return last


def rewrite_all(one_batch: Callable[[sa.Connection, int], int | None]) -> None:
    """Rewrite batch by batch, while nothing is saved. For a step."""
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.execute("LOCK TABLE signatures IN SHARE ROW EXCLUSIVE MODE")
    last: int | None = 0
    while last is not None:
        last = one_batch(connection, last)


def reset_counts(connection: sa.Connection) -> None:
    """Discard all kept counts (step 0012), which are made again."""
    for name in ("kept_counts", "count_changes"):
        connection.execute(sa.delete(sa.table(name)))


def _has_counts(connection: sa.Connection) -> bool:
    found: bool = connection.execute(
        sa.text("SELECT to_regclass('kept_counts') IS NOT NULL")
    ).scalar_one()
    return found


def _fitting_ids(
    connection: sa.Connection, after: int, last: int, which: Any
) -> tuple[list[int], int]:
    """Return the ids of the threads whose lists have room in memory, and the last one looked at."""
    # Bounds on both tables, and no LIMIT: how many rows meet `which` can't be estimated.
    within = (HEAD.c.id > after, HEAD.c.id <= last)
    of_versions = (_VERSION.c.signature_id > after, _VERSION.c.signature_id <= last)
    rows = connection.execute(
        sa.select(HEAD.c.id, sa.func.length(LIST))
        .join(_VERSION, _IS_CURRENT)
        .where(*within, *of_versions, _VERSION.c.terms.is_not(None), which)
        .order_by(HEAD.c.id)
    ).all()
    fitting = max(1, sum(total <= BATCH_SIZE for total in accumulate(row[1] for row in rows)))
    ids = [row[0] for row in rows[:fitting]]
    return ids, last if fitting >= len(rows) else ids[-1]


def _find_threads(connection: sa.Connection, ids: list[int]) -> list[Thread]:
    people = _find_people(connection, ids)
    of_version = (_VERSION.c.terms, _VERSION.c.signature_sha256, _VERSION.c.content_sha256)
    found = connection.execute(
        sa.select(HEAD.c.id, HEAD.c.version, *of_version, HEAD.c.claimed_signed_at)
        .join(_VERSION, _IS_CURRENT)
        .where(HEAD.c.id.in_(ids), _VERSION.c.terms.is_not(None))
    )
    return [Thread(*one, people.get(one[0], [])) for one in found]


def _find_people(connection: sa.Connection, ids: list[int]) -> dict[int, list[Person]]:
    found: dict[int, list[Person]] = {}
    claimed = (SIGNER.c.claimed_iin, SIGNER.c.claimed_bin, SIGNER.c.claimed_name)
    rows = connection.execute(
        sa.select(HEAD.c.id, *claimed, SIGNER.c.digest_algorithm, SIGNER.c.message_digest)
        .join(SIGNER, IS_OF_HEAD)
        .where(HEAD.c.id.in_(ids))
        .order_by(HEAD.c.id, SIGNER.c.number)
    )
    for signature_id, *values in rows:
        found.setdefault(signature_id, []).append(Person(*values))
    return found


def _write(
    connection: sa.Connection,
    lists: list[tuple[Thread, list[str]]],
    deletes: Callable[[str], bool],
) -> None:
    insert_or_nothing = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert
    gone = [(term, one.id) for one, new in lists for term in set(one.terms).difference(new)]
    added = [(term, one.id) for one, new in lists for term in set(new).difference(one.terms)]
    bulk.execute(
        connection,
        lambda given: sa.delete(TERM).where(
            TERM.c.term == given.term, TERM.c.signature_id == given.signature_id
        ),
        _OF_TERM,
        # In the order of the index.
        sorted(one for one in gone if deletes(one[0])),
    )
    bulk.execute(
        connection,
        # Without WHERE, SQLite parses the ON of ON CONFLICT as a join's.
        lambda given: (
            insert_or_nothing(TERM)
            .from_select(list(_OF_TERM), sa.select(given.term, given.signature_id).where(sa.true()))
            .on_conflict_do_nothing()
        ),
        _OF_TERM,
        sorted(added),
    )
    bulk.execute(
        connection,
        lambda given: (
            sa.update(_VERSION)
            .where(
                _VERSION.c.signature_id == given.signature_id,
                _VERSION.c.version == given.version,
            )
            .values(terms=given.terms)
        ),
        _OF_VERSION,
        [(one.id, one.version, orjson.dumps(new).decode()) for one, new in lists],
    )
