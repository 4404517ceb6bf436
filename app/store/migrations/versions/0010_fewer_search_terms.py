"""Fewer search terms: five beginnings of each name, and each whole name.

The step itself adds the whole names of up to 16 characters, which had no row. The rows that no search
uses any more, 12 of 25 of a usual thread, are removed afterwards, in committed batches
(`app.store.migrations.batches`): the previous program uses them until the step is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import accumulate
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql, sqlite

from app.store.database import bulk

revision = "0010"
down_revision = "0009"

#: Lengths of a name's beginnings that are terms, now and before; characters of a whole name.
_LENGTHS, _LENGTHS_BEFORE, _WHOLE_NAME = (1, 2, 4, 8, 16), range(1, 17), 200
#: Only longer whole names had a term before.
_SHORT = 16
#: Threads of a batch, and bytes of their lists (a single larger list is allowed); rows of a sweep.
BATCH, BATCH_SIZE, SWEPT = 2_000, 4 * 1024 * 1024, 100_000

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_HEAD = sa.table("signatures", sa.column("id", _ROW_ID), sa.column("version", sa.Integer()))
_VERSION = sa.table(
    "versions",
    sa.column("signature_id", _ROW_ID),
    sa.column("version", sa.Integer()),
    sa.column("terms", sa.JSON()),
)
_SIGNER = sa.table(
    "signers",
    sa.column("signature_id", _ROW_ID),
    sa.column("version", sa.Integer()),
    sa.column("number", sa.Integer()),
    sa.column("claimed_iin", sa.Text()),
    sa.column("claimed_bin", sa.Text()),
    sa.column("claimed_name", sa.Text()),
)
_TERM = sa.table("signature_terms", sa.column("term", sa.Text()), sa.column("signature_id", _ROW_ID))
_OF_TERM = {"term": sa.Text(), "signature_id": _ROW_ID}
_OF_VERSION = {"signature_id": _ROW_ID, "version": sa.Integer(), "terms": sa.JSON()}

_IS_CURRENT = (_VERSION.c.signature_id == _HEAD.c.id) & (_VERSION.c.version == _HEAD.c.version)
_IS_OF_HEAD = (_SIGNER.c.signature_id == _HEAD.c.id) & (_SIGNER.c.version == _HEAD.c.version)
_LIST = sa.cast(_VERSION.c.terms, sa.Text())
#: A former list with a time has a term for its decade; no other JSON text contains this.
_IS_OLD = _LIST.contains('"decade:')
_LACKS_NAME = sa.exists().where(
    _IS_OF_HEAD,
    _SIGNER.c.claimed_name != "",
    sa.func.length(_SIGNER.c.claimed_name) <= _SHORT,
    ~sa.exists().where(
        _TERM.c.term == sa.literal("person:").concat(_SIGNER.c.claimed_name),
        _TERM.c.signature_id == _SIGNER.c.signature_id,
    ),
)


class _Person(NamedTuple):
    """What a signer claims."""

    iin: str | None
    bin: str | None
    name: str | None


#: Makes the new list of a version from its present list and its signers.
_Make = Callable[[list[str], list[_Person]], list[str]]


def _with_names(terms: list[str], people: list[_Person]) -> list[str]:
    """Add the whole names that have no term."""
    names = [f"person:{one.name[:_WHOLE_NAME]}" for one in people if one.name]
    return list(dict.fromkeys([*terms, *names]))


def _fewer(terms: list[str], people: list[_Person]) -> list[str]:
    """Return the list as this step has it."""
    return _written(terms, people, lambda name: (_LENGTHS, True), decades=False)


def _more(terms: list[str], people: list[_Person]) -> list[str]:
    """Return the list as it was before this step."""
    return _written(terms, people, lambda name: (_LENGTHS_BEFORE, len(name) > _SHORT), decades=True)


def _written(
    terms: list[str],
    people: list[_Person],
    of_name: Callable[[str], tuple[Iterable[int], bool]],
    *,
    decades: bool,
) -> list[str]:
    found = []
    for one in people:
        found += [f"iin:{one.iin}"] if one.iin else []
        found += [f"bin:{one.bin}"] if one.bin else []
        if one.name:
            lengths, whole = of_name(one.name)
            found += [f"name:{one.name[:size]}" for size in lengths if size <= len(one.name)]
            found += [f"person:{one.name[:_WHOLE_NAME]}"] if whole else []
    for term in terms:
        kind, _, value = term.partition(":")
        if kind == "year" and decades:
            found.append(f"decade:{value[:3]}")
        if kind not in ("iin", "bin", "name", "person", "decade"):
            found.append(term)
    return list(dict.fromkeys(found))


def add_names(connection: sa.Connection, after: int) -> int | None:
    """Add the missing whole names of a batch of threads, those after an id.

    Inside `database.transaction`. Return the last id of the batch; None at the end.
    """
    return _rewrite(connection, after, _LACKS_NAME, _with_names)


def lessen(connection: sa.Connection, after: int) -> int | None:
    """Remove the terms that no search uses, in batches as `add_names`; on SQLite after `sweep`."""
    return _rewrite(connection, after, _IS_OLD, _fewer)


def sweep(connection: sa.Connection, after: tuple[str, int]) -> tuple[str, int] | None:
    """Remove beginnings of names that are no longer terms from a part of the index.

    SQLite keeps rows in the order of their terms, and so writes each page once. Return the last row
    of the part; None at the end.
    """
    key = sa.tuple_(_TERM.c.term, _TERM.c.signature_id)
    behind = (key > sa.tuple_(*after), _TERM.c.term < "name;")
    rows = sa.select(_TERM.c.term, _TERM.c.signature_id).where(*behind)
    ordered = rows.order_by(_TERM.c.term, _TERM.c.signature_id)
    last = connection.execute(ordered.offset(SWEPT - 1).limit(1)).first()
    until = () if last is None else (key <= sa.tuple_(*last),)
    no_term = sa.func.length(_TERM.c.term).not_in([len("name:") + size for size in _LENGTHS])
    connection.execute(sa.delete(_TERM).where(*behind, *until, no_term))
    return None if last is None else (last[0], last[1])


def _rewrite(connection: sa.Connection, after: int, which: Any, make: _Make) -> int | None:
    """Rewrite the current lists of the next threads after an id, and their rows."""
    looked_at = sa.select(_HEAD.c.id).where(_HEAD.c.id > after).order_by(_HEAD.c.id)
    behind = connection.execute(looked_at.limit(BATCH)).scalars().all()
    if not behind:
        return None
    ids, last = _fitting_ids(connection, after, behind[-1], which)
    if not ids:
        return last
    # Locked, so that no save is overtaken.
    locked = sa.select(_HEAD.c.id).where(_HEAD.c.id.in_(ids)).order_by(_HEAD.c.id)
    connection.execute(locked.with_for_update())
    people = _find_people(connection, ids)
    found = connection.execute(
        sa.select(_HEAD.c.id, _HEAD.c.version, _VERSION.c.terms)
        .join(_VERSION, _IS_CURRENT)
        .where(_HEAD.c.id.in_(ids), _VERSION.c.terms.is_not(None))
    )
    lists = [(one[0], one[1], one[2] or [], people.get(one[0], [])) for one in found]
    _write(connection, [(*one[:2], one[2], make(one[2], one[3])) for one in lists])
    return last


def _fitting_ids(
    connection: sa.Connection, after: int, last: int, which: Any
) -> tuple[list[int], int]:
    """Return the threads to rewrite whose lists fit in memory, and the last id examined."""
    rows = connection.execute(
        sa.select(_HEAD.c.id, sa.func.length(_LIST))
        .join(_VERSION, _IS_CURRENT)
        .where(_HEAD.c.id > after, _HEAD.c.id <= last, _VERSION.c.terms.is_not(None), which)
        .order_by(_HEAD.c.id)
    ).all()
    fitting = max(1, sum(total <= BATCH_SIZE for total in accumulate(row[1] for row in rows)))
    ids = [row[0] for row in rows[:fitting]]
    return ids, last if fitting >= len(rows) else ids[-1]


def _find_people(connection: sa.Connection, ids: list[int]) -> dict[int, list[_Person]]:
    found: dict[int, list[_Person]] = {}
    claimed = (_SIGNER.c.claimed_iin, _SIGNER.c.claimed_bin, _SIGNER.c.claimed_name)
    rows = connection.execute(
        sa.select(_HEAD.c.id, *claimed)
        .join(_SIGNER, _IS_OF_HEAD)
        .where(_HEAD.c.id.in_(ids))
        .order_by(_HEAD.c.id, _SIGNER.c.number)
    )
    for signature_id, *values in rows:
        found.setdefault(signature_id, []).append(_Person(*values))
    return found


def _write(connection: sa.Connection, lists: list[tuple[int, int, list[str], list[str]]]) -> None:
    """Write lists and their rows; each as (thread's id, version, former list, new list)."""
    on_sqlite = connection.dialect.name == "sqlite"
    insert_or_nothing = sqlite.insert if on_sqlite else postgresql.insert
    gone = [(term, one[0]) for one in lists for term in set(one[2]).difference(one[3])]
    added = [(term, one[0]) for one in lists for term in set(one[3]).difference(one[2])]
    bulk.execute(
        connection,
        lambda given: sa.delete(_TERM).where(
            _TERM.c.term == given.term, _TERM.c.signature_id == given.signature_id
        ),
        _OF_TERM,
        # In the order of the index.
        sorted(one for one in gone if not (on_sqlite and one[0].startswith("name:"))),
    )
    bulk.execute(
        connection,
        # Without WHERE, SQLite would parse the ON of ON CONFLICT as that of a join.
        lambda given: (
            insert_or_nothing(_TERM)
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
        [(*one[:2], orjson.dumps(one[3]).decode()) for one in lists if one[2] != one[3]],
    )


def upgrade() -> None:
    """Add the names that are still missing, with saves locked out."""
    connection = op.get_bind()
    _stop_saves(connection)
    _go_through(lambda after: add_names(connection, after))


def downgrade() -> None:
    """Restore the former rows and lists."""
    connection = op.get_bind()
    _stop_saves(connection)
    is_lean = _LIST.contains('"year:') & ~_IS_OLD
    _go_through(lambda after: _rewrite(connection, after, is_lean, _more))


def _stop_saves(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        op.execute("LOCK TABLE signatures IN SHARE ROW EXCLUSIVE MODE")


def _go_through(one_batch: Callable[[int], int | None]) -> None:
    last: int | None = 0
    while last is not None:
        last = one_batch(last)
