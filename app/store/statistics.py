"""Statistics of the store for its operator.

They are exact, but for what takes long in a large store: there PostgreSQL's own estimates are used,
which are as recent as its last ANALYZE, and are named as such.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Connection,
    Executable,
    Select,
    bindparam,
    func,
    literal,
    select,
    text,
)

from app.store.database.schemas import qualified
from app.store.database.types import utc_now
from app.store.migrations.steps import read_step
from app.store.models import Package, Signature, SignatureTag, SignatureTerm, Signer, Token, Version
from app.store.search.counts import Counted, count_kept
from app.store.search.terms import IIN_TERMS
from app.store.signatures.standings import Trusted

#: Rows from which on they are not counted one by one; different items that are counted.
MANY_ROWS, MANY_ITEMS = 500_000, 10_000
#: Threads among which the newest save is looked for if there are many: the newest ones.
_NEWEST = 10_000

_RESCINDED = Package.rescinded_at.is_not(None)
_OPENED = Package.opened_at.is_not(None)
_REVOKED = Token.revoked_at.is_not(None)
_LASTS = Token.expires_at.is_(None) | (Token.expires_at > utc_now())

#: Bytes of the whole database: on PostgreSQL with everything else in it, on SQLite without what is
#: still in the write-ahead log.
_SIZE = {
    "postgresql": "SELECT pg_database_size(current_database())",
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
}


def _counted(**conditions: ColumnElement[bool]) -> Executable:
    """Count the rows for which each condition holds, in one pass."""
    return select(*[func.count().filter(one).label(name) for name, one in conditions.items()])


_NUMBERS: tuple[Executable, ...] = (
    _counted(
        packages_draft=~_OPENED & ~_RESCINDED,
        packages_open=_OPENED & ~_RESCINDED,
        packages_rescinded=_RESCINDED,
    ),
    _counted(
        tokens_active=~_REVOKED & _LASTS,
        tokens_expired=~_REVOKED & ~_LASTS,
        tokens_revoked=_REVOKED,
    ),
)
_UNREAD = select(func.count()).where(Version.signature_size.is_(None))
_EVERYTHING: BindParameter[int] = bindparam("everything", type_=BigInteger())
#: By the parts of an index: the others are nearly all signers, as a rule.
_TO_VERIFY = select(
    sum(
        (
            select(func.count()).where(condition).scalar_subquery()
            for condition in (
                Signer.judged_against.is_(None),
                Signer.judged_against < _EVERYTHING,
                Signer.judged_against > _EVERYTHING,
            )
        ),
        start=literal(0),
    )
)


class Statistics(NamedTuple):
    """Numbers by name, and what is to be kept of what was counted (`kept_counts.keep_each`).

    Of threads: `threads` and `newest_save` (None if there is none). Of all versions: `versions`,
    `unread_versions` (whose signers were not read yet), `signers`, and `signers_to_verify`, who
    were not yet, or with other anchors. Different ones of current versions: `tags`, and `people` by
    the number that their certificates claim. `packages_draft`, `packages_open` (signed by all or
    not), `packages_rescinded`; `tokens_active`, `tokens_expired`, `tokens_revoked`; `schema_step`,
    `database_bytes`.
    """

    numbers: dict[str, Any]
    #: The names of those that are estimates.
    about: list[str]
    to_keep: tuple[Counted, ...]


class _Estimate(NamedTuple):
    number: int
    is_exact: bool = True


def statistics(connection: Connection, trusted: Trusted) -> Statistics:
    """Count what is kept, by a number of statements that doesn't grow with it."""
    threads, to_keep = count_kept(connection, Counted("all"))
    newest, is_newest = _newest_save(connection, threads)
    found: dict[str, _Estimate] = {
        "versions": _rows(connection, Version),
        "signers": _rows(connection, Signer),
        "tags": _items(connection, SignatureTag.tag, SignatureTag.tag, "", None),
        "people": _items(connection, SignatureTerm.term, Signer.claimed_iin, *IIN_TERMS),
    }
    given = {"everything": trusted.everything}
    numbers: dict[str, Any] = {
        "threads": threads,
        "newest_save": newest,
        "versions": found["versions"].number,
        "unread_versions": connection.execute(_UNREAD).scalar_one(),
        "signers": found["signers"].number,
        "signers_to_verify": connection.execute(_TO_VERIFY, given).scalar_one(),
        "tags": found["tags"].number,
        "people": found["people"].number,
    }
    for statement in _NUMBERS:
        numbers |= connection.execute(statement).mappings().one()
    size = connection.execute(text(_SIZE[connection.dialect.name])).scalar_one()
    numbers |= {"schema_step": read_step(connection), "database_bytes": size}
    about = [name for name, one in found.items() if not one.is_exact]
    return Statistics(numbers, about if is_newest else ["newest_save", *about], to_keep)


def _newest_save(connection: Connection, threads: int) -> tuple[Any, bool]:
    """Return the time of the newest save, and whether it is that of all threads.

    No index is in its order: that would cost every save of a next version.
    """
    is_all = threads <= MANY_ROWS
    newest = select(Signature.updated_at).order_by(Signature.id.desc()).limit(_NEWEST)
    times = select(func.max(Signature.updated_at if is_all else newest.subquery().c.updated_at))
    return connection.execute(times).scalar_one(), is_all


def _rows(connection: Connection, table: type[Version | Signer]) -> _Estimate:
    """Return the number of rows of a table."""
    if connection.dialect.name == "postgresql":
        about = connection.execute(
            text("SELECT CAST(reltuples AS bigint) FROM pg_class WHERE oid = to_regclass(:name)"),
            {"name": qualified(connection, table.__tablename__)},
        ).scalar_one()
        if about > MANY_ROWS:
            return _Estimate(about, is_exact=False)
    return _Estimate(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _items(
    connection: Connection, column: Any, like: Any, first: str, behind: str | None
) -> _Estimate:
    """Return the number of different items of an index, within bounds.

    Args:
        connection: of the store.
        column: the first one of the index.
        like: the column whose statistics tell how many there are if they are many.
        first: where the items begin.
        behind: where they end, exclusive.
    """
    within = [column >= first, *([] if behind is None else [column < behind])]
    number = connection.execute(_skipping(column, within, MANY_ITEMS + 1)).scalar_one()
    if number <= MANY_ITEMS:
        return _Estimate(number)
    if connection.dialect.name == "postgresql":
        about = _different(connection, like)
        if about is not None:
            return _Estimate(max(about, number), is_exact=False)
    every = select(func.count(column.distinct())).where(*within)
    return _Estimate(connection.execute(every).scalar_one())


def _skipping(column: Any, within: list[Any], most: int) -> Select[int]:
    """Count different items up to some, looking up the next one behind each in the index."""
    lowest = select(func.min(column).label("item"), literal(1).label("number")).where(*within)
    each = lowest.cte("each", recursive=True)
    following = select(func.min(column)).where(column > each.c.item, *within).scalar_subquery()
    step = select(following, each.c.number + 1).where(
        each.c.item.is_not(None), each.c.number < most
    )
    both = each.union_all(step)
    return select(func.count(both.c.item))


def _different(connection: Connection, column: Any) -> int | None:
    """Return how many different values PostgreSQL takes a column to have; None if unknown.

    A negative number is a share of the rows (PostgreSQL's manual, "pg_stats").
    """
    return connection.execute(
        text("""
            SELECT CAST(CASE WHEN n_distinct < 0 THEN -n_distinct * reltuples ELSE n_distinct END
                AS bigint)
            FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
            JOIN pg_stats ON schemaname = nspname AND tablename = relname AND attname = :column
            WHERE pg_class.oid = to_regclass(:name) AND reltuples > 0"""),
        {"name": qualified(connection, str(column.table.name)), "column": column.name},
    ).scalar()
