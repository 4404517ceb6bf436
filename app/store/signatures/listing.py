"""Searches: the threads that match, in their current version. One statement for each page.

One statement finds the rows of a list in two steps: first the ids of the page, from narrow indexes,
newest first; then the signatures of only these ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, func, select

from app.store.database.compiled_query import Prepared
from app.store.models import IS_CURRENT, Signature, Version
from app.store.search.criteria import KEPT_SHAPES, Criteria, Shape
from app.store.search.paging import all_ids, below, newest_ids
from app.store.search.picking import PickingShape, picked_ids
from app.store.signatures.records import SignatureRecord
from app.store.signatures.rows import FETCH_ROWS, PLAIN, Carried, columns, records
from app.store.signatures.weighing import FEW_ROWS, PAGE_ROWS, SMALL, hold, is_much, weight

_LARGEST = 2**63 - 1


@dataclass(slots=True)
class Cursor:
    """A place in a list that comes newest first, which no save or deletion moves."""

    #: The id that all threads behind it are below.
    before: int = _LARGEST
    #: The same of the place behind the page, set once its rows were read; None if no thread is.
    following: int | None = None

    def take(self, rows: Iterable[Sequence[Any]], limit: int) -> Iterator[Sequence[Any]]:
        """Return the rows of a page of `limit`, for which one more was selected."""
        last = self.following = None
        for number, row in enumerate(rows):
            if number == limit:
                self.following = last
            else:
                last = row[0]
                yield row


class Page(NamedTuple):
    """The search criteria, and which part of the result is returned."""

    criteria: Criteria
    #: Rows at most; 0: all.
    limit: int = 0
    #: Rows to skip at the start.
    offset: int = 0
    #: Additional columns of each row.
    carried: Carried = PLAIN
    #: The place where it begins, instead of an offset; None: the start. Only of lists that come
    #: newest first.
    cursor: Cursor | None = None

    @property
    def is_short(self) -> bool:
        """Whether the page may be fetched at once."""
        return 0 < self.limit <= PAGE_ROWS

    @property
    def selected(self) -> int:
        """Rows to select: with a cursor one more, which says whether anything follows."""
        return min(self.limit + 1, _LARGEST) if self.cursor and self.limit else self.limit

    def take(self, rows: Iterable[Sequence[Any]]) -> Iterable[Sequence[Any]]:
        """Return the rows of the page of those that were selected."""
        return self.cursor.take(rows, self.limit) if self.cursor and self.limit else rows


def find_page(connection: Connection, page: Page) -> list[SignatureRecord] | None:
    """Return the result of `search`; None if it must not be fetched at once."""
    if page.criteria.impossible:
        return []
    if not page.is_short:
        return None
    dialect, values = connection.dialect.name, page_parameters(page)
    shape, picking = _shapes(page)
    if page.limit > FEW_ROWS:
        weight_of_page = _weight(dialect, shape, picking, page.carried)
        if weight_of_page and is_much(*weight_of_page.fetch(connection, values)):
            return None
    statement = page_statement(dialect, shape, picking, carried=page.carried)
    rows = page.take(statement.fetch(connection, values))
    return hold(records(connection, page.carried, rows, SMALL))


def search(connection: Connection, page: Page) -> Iterator[SignatureRecord]:
    """Return matching threads in their current version, each once, one at a time.

    They come newest first, or as `criteria.picking` says. `connection` is a `database.snapshot`.
    """
    if page.criteria.impossible:
        return iter(())
    shape, picking = _shapes(page)
    statement = page_statement(
        connection.dialect.name, shape, picking, carried=page.carried, limited=bool(page.limit)
    )
    rows = page.take(statement.stream(connection, page_parameters(page), FETCH_ROWS))
    return records(connection, page.carried, rows, SMALL)


def _shapes(page: Page) -> tuple[Shape, PickingShape | None]:
    picking = page.criteria.picking
    shape = replace(page.criteria.shape, before=page.cursor is not None)
    return shape, picking.shape if picking else None


def count_up_to(connection: Connection, criteria: Criteria, bound: int) -> int:
    """Return the number of all matching threads, or `bound` if there are more.

    The cost grows with the bound, as that of a page does, instead of the number.
    """
    if criteria.impossible:
        return 0
    shape, picking = _shapes(Page(criteria))
    if picking is None:
        ids = newest_ids(connection.dialect.name, shape)
    else:
        ids = picked_ids(shape, picking).limit(bindparam("limit"))
    values = page_parameters(Page(criteria, bound))
    number = select(func.count()).select_from(ids.subquery())
    return connection.execute(number, values).scalar_one()


def page_parameters(page: Page) -> dict[str, Any]:
    """Return values for the placeholders of `page_statement`."""
    criteria = page.criteria
    reach = min(page.selected + page.offset, _LARGEST)
    values = {"limit": page.selected, "offset": page.offset, "reach": reach}
    if page.cursor is not None:
        values["before"] = page.cursor.before
    picked = criteria.picking.parameters if criteria.picking else {}
    return criteria.parameters | values | picked


@lru_cache(maxsize=KEPT_SHAPES)
def page_statement(
    dialect: str,
    shape: Shape,
    picking: PickingShape | None = None,
    *,
    carried: Carried,
    limited: bool = True,
) -> Prepared:
    """Build the statement of a list; `limited` lists end after :limit rows."""
    page = _ids(dialect, shape, picking, limited=limited).subquery("page")
    return Prepared(
        select(*columns(dialect, carried, SMALL))
        .join(page, page.c[0] == Signature.id)
        .join(Version, IS_CURRENT)
        .order_by(*picking.order_by if picking else (Signature.id.desc(),)),
        kept=limited and picking is None and shape.lies_in_order,
        binary=True,
    )


@lru_cache(maxsize=KEPT_SHAPES)
def _weight(
    dialect: str, shape: Shape, picking: PickingShape | None, carried: Carried
) -> Prepared | None:
    """Build the statement for the size of a limited list; None if it isn't needed."""
    rows = weight(dialect, cms=carried.cms, signers=carried.signers)
    if rows is None:
        return None
    page = _ids(dialect, shape, picking, limited=True).subquery("page")
    return Prepared(rows.join(Signature, IS_CURRENT).join(page, page.c[0] == Signature.id))


def _ids(dialect: str, shape: Shape, picking: PickingShape | None, *, limited: bool) -> Select[Any]:
    if picking is None:
        return newest_ids(dialect, shape) if limited else all_ids(shape)
    ids = below(shape, picked_ids(shape, picking))
    ids = ids.order_by(*picking.order_by).offset(bindparam("offset"))
    return ids.limit(bindparam("limit")) if limited else ids
