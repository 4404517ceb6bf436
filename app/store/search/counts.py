"""The number of threads that match: all of them, with counts that are kept for the largest.

Rows of an index are counted one by one, which takes time in proportion to their number. Where one
filter, or none, matches many threads, their number is kept up to an id (`kept_counts`); then only
the rows behind that id are counted, and what the threads before it lost or gained since.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Connection,
    Select,
    bindparam,
    cast,
    func,
    literal,
    select,
)

from app.store.database.compiled_query import Prepared
from app.store.models import CountChange, KeptCount, Package, Signature, SignatureTag, SignatureTerm
from app.store.search.criteria import KEPT_SHAPES, Criteria, Shape
from app.store.search.matching import matching
from app.store.search.picking import picked_ids

#: Rows that are counted at once: about 3 ms. A count of more is kept.
MANY = 20_000
#: Rows behind the id of a kept count, and changes before it, from which on the id is advanced.
FAR, CHANGED = 5_000, 1_000

#: All ids are from one to the other.
LOWEST, LARGEST = -(2**63), 2**63 - 1
#: Where the threads of a kind are counted: the id of each, and what must equal the value.
_PLACES: dict[str, tuple[Any, Any]] = {
    "all": (Signature.id, None),
    "document": (Signature.id, Signature.document),
    "thread": (Signature.id, Signature.thread),
    "stage": (Signature.id, Signature.stage),
    "tag": (SignatureTag.signature_id, SignatureTag.tag),
    "term": (SignatureTerm.signature_id, SignatureTerm.term),
    "packages": (Package.id, None),
}


class Counted(NamedTuple):
    """Rows whose count may be kept: all threads, those that one filter matches, or packages."""

    kind: str
    value: str = ""

    @property
    def key(self) -> str:
        """The key of `models.KeptCount`, as migration 0012 writes it."""
        return f"{self.kind}:{self.value}" if self.value else self.kind

    @property
    def head(self) -> type[Signature | Package]:
        """The table whose ids it is counted by."""
        return Package if self.kind == "packages" else Signature


class Count(NamedTuple):
    """A number, exactly; and what was many to count, for `kept_counts.keep_each`."""

    number: int
    to_keep: tuple[Counted, ...] = ()


class QuickCount(NamedTuple):
    """A number that was quick to count: exactly, or at least that many; and what is to be kept."""

    number: int
    is_exact: bool
    to_keep: tuple[Counted, ...] = ()


def count(connection: Connection, criteria: Criteria) -> Count:
    """Return the number of all matching threads, by one statement or two."""
    if criteria.impossible:
        return Count(0)
    counted = _counted(criteria)
    if counted is None:
        return Count(_count_each(connection, criteria))
    return count_kept(connection, counted)


def count_kept(connection: Connection, counted: Counted) -> Count:
    """Return the number of rows whose count may be kept."""
    values = {"key": counted.key, "value": counted.value, "last": LARGEST, "most": MANY + 1}
    statement = kept_statement(counted.kind)
    [[number, changed, changes, behind]] = statement.fetch(connection, values)
    if behind > MANY:
        values["most"] = LARGEST
        [[number, changed, changes, behind]] = statement.fetch(connection, values)
    to_keep = (counted,) if _is_far(number, changes, behind) else ()
    return Count((number or 0) + changed + behind, to_keep)


def count_quickly(connection: Connection, criteria: Criteria) -> QuickCount:
    """Return the number of matching threads; of many that were not counted yet, a part of it.

    It takes one statement, and a time that does not grow with one filter, or none.
    """
    counted = None if criteria.impossible else _counted(criteria)
    if counted is None:
        return QuickCount(count(connection, criteria).number, is_exact=True)
    values = {"key": counted.key, "value": counted.value, "last": LARGEST, "most": MANY + 1}
    [[number, changed, changes, behind]] = kept_statement(counted.kind).fetch(connection, values)
    total = (number or 0) + changed + min(behind, MANY)
    to_keep = (counted,) if _is_far(number, changes, behind) else ()
    return QuickCount(total, behind <= MANY, to_keep)


def _is_far(number: int | None, changes: int, behind: int) -> bool:
    """Return whether a count is to be kept, or the id of a kept one to be advanced."""
    return behind > MANY if number is None else behind > FAR or changes > CHANGED


@lru_cache(maxsize=len(_PLACES))
def kept_statement(kind: str) -> Prepared:
    """Build the statement that counts threads of a kind.

    Its columns are the kept number (None if there is none), the sum and the number of the changes
    to it, and the rows behind its id up to :last, at most :most.
    """
    key: BindParameter[str] = bindparam("key")
    kept = select(KeptCount.upto, KeptCount.number).where(
        KeptCount.key == key, KeptCount.number.is_not(None)
    )
    kept_cte = kept.cte("kept")
    upto = select(kept_cte.c.upto).scalar_subquery()
    changed = (
        select(
            func.coalesce(cast(func.sum(CountChange.change), BigInteger), 0).label("total"),
            func.count().label("number"),
        )
        .where(CountChange.key == key, CountChange.signature_id <= upto)
        .subquery("changed")
    )
    signature_id, column = _PLACES[kind]
    conditions = [] if column is None else [column == bindparam("value")]
    last: Any = bindparam("last", type_=BigInteger())
    behind = (
        select(signature_id)
        .where(
            *conditions,
            signature_id > func.coalesce(upto, literal(LOWEST, BigInteger())),
            signature_id <= last,
        )
        # In the order of the index, lest PostgreSQL reads the table from its start.
        .order_by(signature_id.desc())
        .limit(bindparam("most"))
        .subquery("behind")
    )
    number = select(kept_cte.c.number).scalar_subquery()
    rows = select(func.count()).select_from(behind).scalar_subquery()
    return Prepared(select(number, changed.c.total, changed.c.number, rows), kept=True)


def _counted(criteria: Criteria) -> Counted | None:
    """Return whose count may be kept, None if several filters or a range have to be looked at."""
    shape = criteria.shape
    if criteria.picking is not None or shape.filters > 1:
        return None
    for kind in shape.columns:
        return Counted(kind, criteria.parameters[kind])
    if shape.terms:
        return Counted("term", criteria.parameters["term_0"])
    if shape.tags == 1:
        return Counted("tag", criteria.parameters["tag_0"])
    return Counted("all") if not shape.filters else None


def _count_each(connection: Connection, criteria: Criteria) -> int:
    picking = criteria.picking
    if picking is not None:
        ids = picked_ids(criteria.shape, picking.shape)
        number = select(func.count()).select_from(ids.subquery())
        return connection.execute(number, criteria.parameters | picking.parameters).scalar_one()
    statement = _count_statement(criteria.shape)
    return connection.execute(statement, criteria.parameters).scalar_one()


@lru_cache(maxsize=KEPT_SHAPES)
def _count_statement(shape: Shape) -> Select[int]:
    return select(func.count()).select_from(matching(shape).subquery())
