"""Lists of registered packages: a page, and the number of all matches; one statement each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, func, select

from app.store.database.lower import small_letters
from app.store.database.types import octets, utc_now
from app.store.models import Package
from app.store.packages.records import EXTERNAL_DATA, PackageSummary, summary_of
from app.store.packages.states import State, executed_column, state_column
from app.store.search.counts import Count, Counted, count_kept
from app.store.signatures.standings import Trusted

#: The collation that compares byte by byte.
_BY_BYTES = {"sqlite": "BINARY", "postgresql": "C"}

#: Bytes of external data up to which a page is fetched at once; rows of a larger one fetched at a
#: time.
SMALL_DATA, _FETCH_ROWS = 16 * 1024, 8
#: The columns of a package, beside its external data.
_COLUMNS = (
    Package.public_id,
    Package.name,
    Package.type,
    Package.member,
    Package.sign_by,
    Package.opened_at,
    Package.rescinded_at,
)

#: The orders of a list.
ORDERS = ("timeCreated", "name", "timeSignBy")


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageCriteria:
    """Which packages are listed. None or empty means no filter."""

    states: tuple[State, ...] = ()
    types: tuple[str, ...] = ()
    #: Part of the name, in any letter case.
    search: str | None = None
    executed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagePage:
    """Which part of a list is returned."""

    #: One of ORDERS; packages without such a value come last.
    order: str = ORDERS[0]
    #: Whether the highest, or newest, comes first.
    descending: bool = True
    #: Packages at most, and packages to skip at the start.
    limit: int
    offset: int = 0


def count_packages(connection: Connection, criteria: PackageCriteria, trusted: Trusted) -> Count:
    """Return the number of matching packages."""
    conditions = _conditions(connection.dialect.name, criteria, trusted)
    if not conditions:
        return count_kept(connection, Counted("packages"))
    statement = select(func.count()).select_from(Package).where(*conditions)
    return Count(connection.execute(statement).scalar_one())


def list_few_packages(
    connection: Connection, criteria: PackageCriteria, wanted: PackagePage, trusted: Trusted
) -> list[PackageSummary] | None:
    """Return a page of matching packages; None if it is too large to be fetched at once."""
    statement = _page(connection, criteria, wanted, trusted, SMALL_DATA)
    rows = connection.execute(statement).all()
    if any((row.data_size or 0) > SMALL_DATA for row in rows):
        return None
    return [summary_of(row, bool(row.executed)) for row in rows]


def list_packages(
    connection: Connection, criteria: PackageCriteria, wanted: PackagePage, trusted: Trusted
) -> Iterator[PackageSummary]:
    """Return a page of matching packages one at a time, inside `database.in_snapshot`."""
    statement = _page(connection, criteria, wanted, trusted, None)
    rows = connection.execute(statement, execution_options={"yield_per": _FETCH_ROWS})
    return (summary_of(row, bool(row.executed)) for row in rows)


def _page(
    connection: Connection,
    criteria: PackageCriteria,
    wanted: PackagePage,
    trusted: Trusted,
    limit: int | None,
) -> Select[Any]:
    """Build the statement for a page, without external data of more than `limit` bytes."""
    dialect = connection.dialect.name
    columns: tuple[ColumnElement[Any], ...] = (
        _order_column(wanted.order, dialect),
        Package.id.expression,
    )
    ordered: list[ColumnElement[Any]] = [
        column.desc() if wanted.descending else column.asc() for column in columns
    ]
    if wanted.order != ORDERS[0]:  # Each has a time, in the order of an index.
        ordered[0] = ordered[0].nulls_last()
    # Who has signed is looked up only for the page.
    page = (
        select(Package.id)
        .where(*_conditions(dialect, criteria, trusted))
        .order_by(*ordered)
        .limit(wanted.limit)
        .offset(wanted.offset)
        .subquery("page")
    )
    size = octets(EXTERNAL_DATA)
    data = EXTERNAL_DATA if limit is None else case((size <= limit, EXTERNAL_DATA))
    return (
        select(
            *_COLUMNS,
            data.label("external_data"),
            size.label("data_size"),
            executed_column(dialect, trusted).label("executed"),
            utc_now().label("now"),
        )
        .join(page, page.c.id == Package.id)
        .order_by(*ordered)
    )


def _order_column(order: str, dialect: str) -> ColumnElement[Any]:
    if order == "name":
        return small_letters(Package.name).collate(_BY_BYTES[dialect])
    columns = {"timeCreated": Package.created_at, "timeSignBy": Package.sign_by}
    return columns[order].expression


def _conditions(
    dialect: str, criteria: PackageCriteria, trusted: Trusted
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if criteria.states:
        conditions.append(state_column(dialect, trusted).in_(criteria.states))
    if criteria.types:
        conditions.append(Package.type.in_(criteria.types))
    if criteria.search:
        sought = small_letters(criteria.search)
        conditions.append(func.coalesce(_place_of(sought, dialect), 0) > 0)
    if criteria.executed is not None:
        executed = executed_column(dialect, trusted)
        conditions.append(executed if criteria.executed else ~executed)
    return conditions


def _place_of(sought: ColumnElement[str], dialect: str) -> ColumnElement[int]:
    """Match a part of the name literally, without wildcards."""
    find = func.instr if dialect == "sqlite" else func.strpos
    return find(small_letters(Package.name), sought)
