"""The tables of a store as they are in its database, and their rows in a portable form."""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Date,
    DateTime,
    Engine,
    Integer,
    MetaData,
    Table,
    Text,
    case,
    cast,
    func,
    inspect,
    literal_column,
    select,
    type_coerce,
)
from sqlalchemy import types as sqltypes

from app.store.database.base64_text import base64_length, base64_text
from app.store.database.types import octets
from app.store.models import Base, CountChange, KeptCount, Lease

Kind: TypeAlias = Literal["integer", "boolean", "text", "json", "moment", "date", "uuid", "bytes"]

#: Bytes of a row that is fetched together with others, and how many of these: 8 MB at most.
SMALL = 16 * 1024
FETCH_ROWS = 500

#: Tables that a migration created and a later one removed: a store at a step in between has them.
FORMER = ("signature_tag_pairs",)
#: What is no part of the store: current work, since a lease expires within seconds, and counts,
#: which are made again.
_PASSING = {Lease.__tablename__, KeptCount.__tablename__, CountChange.__tablename__}
_KINDS: tuple[tuple[type[Any], Kind], ...] = (
    (Boolean, "boolean"),
    (Integer, "integer"),
    (sqltypes.JSON, "json"),
    (DateTime, "moment"),
    (Date, "date"),
    (sqltypes.Uuid, "uuid"),
    (sqltypes.LargeBinary, "bytes"),
    (sqltypes.String, "text"),
)
TYPES: dict[Kind, Any] = {
    "integer": BigInteger(),
    "boolean": Boolean(),
    "text": Text(),
    "json": sqltypes.JSON(),
    "moment": DateTime(timezone=True),
    "date": Date(),
    "uuid": sqltypes.Uuid(as_uuid=False),
    "bytes": sqltypes.LargeBinary(),
}
#: Columns with values that may be long.
_LONG: tuple[Kind, ...] = ("text", "json", "bytes")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a store is: its database, and PostgreSQL's schema of the tables (None: the default)."""

    engine: Engine
    schema: str | None


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A table: its columns with their types, and the columns of its primary key."""

    name: str
    columns: tuple[tuple[str, Kind], ...]
    key: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """The columns' names, in their order."""
        return [name for name, _ in self.columns]

    def in_order_of(self, names: Sequence[str]) -> StoredTable:
        """Return the table with its columns in another order. Raises KeyError."""
        kinds = dict(self.columns)
        return StoredTable(self.name, tuple((name, kinds[name]) for name in names), self.key)

    def as_table(self) -> Table:
        """Return a table for use in statements."""
        return Table(
            self.name, MetaData(), *(Column(name, TYPES[kind]) for name, kind in self.columns)
        )


def find_tables(connection: Connection, schema: str | None) -> list[StoredTable]:
    """Return the tables of a store, referenced ones first; none if there is no store."""
    inspector = inspect(connection)
    there = set(inspector.get_table_names(schema=schema))
    names = [*(str(table.name) for table in Base.metadata.sorted_tables), *FORMER]
    return [
        StoredTable(
            name,
            tuple(
                (str(column["name"]), _kind_of(column["type"]))
                for column in inspector.get_columns(name, schema=schema)
            ),
            tuple(inspector.get_pk_constraint(name, schema=schema)["constrained_columns"]),
        )
        for name in names
        if name in there and name not in _PASSING
    ]


def _kind_of(kind: Any) -> Kind:
    return next(name for known, name in _KINDS if isinstance(kind, known))


def read_lines(connection: Connection, stored: StoredTable) -> Iterator[bytes]:
    """Return the rows of a table by its key, each as one line of JSON.

    Of large rows only one is in memory at a time.

    Args:
        connection: one whose statements all see the same snapshot.
        stored: the table.
    """
    table = stored.as_table()
    dialect = connection.dialect.name
    values = [_portable(table.c[name], kind, dialect) for name, kind in stored.columns]
    keys = [table.c[name] for name in stored.key]
    if dialect != "sqlite":
        yield from _read_portions(connection, stored, table, values)
        return
    # The driver returns rows one at a time.
    rows = iter(connection.execute(select(*values).order_by(*keys)))
    while (row := next(rows, None)) is not None:
        line = _write_line(row)
        del row
        yield line
        del line


def _read_portions(
    connection: Connection, stored: StoredTable, table: Table, values: list[ColumnElement[Any]]
) -> Iterator[bytes]:
    """Fetch small rows in batches, and each large row by itself."""
    keys = [table.c[name] for name in stored.key]
    places = [stored.names.index(name) for name in stored.key]
    kinds = dict(stored.columns)
    long = [_octets(table.c[name], kind) for name, kind in stored.columns if kind in _LONG]
    size: ColumnElement[int] = sum(
        (func.coalesce(one, 0) for one in long), start=literal_column("0", Integer)
    )
    is_small = size <= SMALL
    short = [
        case((is_small, value)) if kind in _LONG and name not in stored.key else value
        for value, (name, kind) in zip(values, stored.columns, strict=True)
    ]
    statement = select(is_small, *short).order_by(*keys)
    with connection.execute(statement, execution_options={"yield_per": FETCH_ROWS}) as rows:
        for row in rows:
            if row[0]:
                yield _write_line(row[1:])
                continue
            one = select(*values).where(
                *(
                    key == _key_value(row[place + 1], kinds[str(key.name)])
                    for key, place in zip(keys, places, strict=True)
                )
            )
            # No reference is kept here: else two large ones would be in memory at once.
            yield _write_line(connection.execute(one).one())


def _key_value(portable: Any, kind: Kind) -> Any:
    """Return the value of a column of a key, in the form in which it is stored."""
    return a2b_base64(portable) if kind == "bytes" else portable


def _octets(column: Column[Any], kind: Kind) -> ColumnElement[int]:
    return base64_length(column) if kind == "bytes" else octets(cast(column, Text))


def _write_line(row: Sequence[Any]) -> bytes:
    return orjson.dumps(tuple(row), option=orjson.OPT_APPEND_NEWLINE)


def _portable(column: Column[Any], kind: Kind, dialect: str) -> ColumnElement[Any]:
    """Return a value in the form of a backup: a number or a text."""
    if kind == "bytes":
        return base64_text(column)
    if dialect == "sqlite":
        # This keeps the full value, without a type.
        return type_coerce(column, sqltypes.NullType())
    match kind:
        case "moment":
            return func.to_char(func.timezone("UTC", column), "YYYY-MM-DD HH24:MI:SS.US")
        case "boolean":
            return cast(column, Integer)
        case "integer" | "text":
            return column
    return cast(column, Text)
