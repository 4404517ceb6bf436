"""Inserting the rows of a backup into a newly created database."""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Iterable
from typing import Any

import orjson
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    DateTime,
    Integer,
    Text,
    bindparam,
    cast,
    column,
    func,
    insert,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from app.store.backups.tables import TYPES, Kind, StoredTable

#: Rows, and their bytes, that one statement writes at most; a single row may be larger.
ROWS, BYTES = 1000, 4 * 1024 * 1024


def write_lines(connection: Connection, stored: StoredTable, lines: Iterable[bytes]) -> None:
    """Write the rows of an empty table, inside `database.transaction`."""
    write = _write_sqlite if connection.dialect.name == "sqlite" else _write_postgresql
    batch: list[list[Any]] = []
    size = 0
    for line in lines:
        batch.append(orjson.loads(line))
        size += len(line)
        del line  # The next one may be large, too.
        if len(batch) == ROWS or size > BYTES:
            write(connection, stored, batch)
            batch, size = [], 0
    if batch:
        write(connection, stored, batch)


def _write_sqlite(connection: Connection, stored: StoredTable, rows: list[list[Any]]) -> None:
    # Written unchanged: SQLite stores times, JSON and everything else as these texts and numbers.
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(map(quote, stored.names))
    places = ", ".join("?" * len(stored.columns))
    for row in rows:
        for place, (_, kind) in enumerate(stored.columns):
            if kind == "bytes" and row[place] is not None:
                row[place] = a2b_base64(row[place])
    statement = f"INSERT INTO {quote(stored.name)} ({names}) VALUES ({places})"  # noqa: S608
    connection.exec_driver_sql(statement, [tuple(row) for row in rows])


def _write_postgresql(connection: Connection, stored: StoredTable, rows: list[list[Any]]) -> None:
    """Send one statement over arrays of texts, which PostgreSQL casts to the columns' types."""
    names = [f"value_{number}" for number in range(len(stored.columns))]
    arrays = [bindparam(name, type_=ARRAY(Text)) for name in names]
    sent = func.unnest(*arrays).table_valued(*(column(name, Text) for name in names), name="sent")
    given = sent.render_derived()
    values = [
        _typed(given.c[name], kind) for name, (_, kind) in zip(names, stored.columns, strict=True)
    ]
    statement = insert(stored.as_table()).from_select(stored.names, select(*values))
    sides = zip(*rows, strict=True)
    connection.execute(
        statement,
        {
            name: [None if value is None else str(value) for value in side]
            for name, side in zip(names, sides, strict=True)
        },
    )


def _typed(value: ColumnElement[Any], kind: Kind) -> ColumnElement[Any]:
    if kind == "moment":
        return func.timezone("UTC", cast(value, DateTime))
    if kind == "boolean":
        return cast(cast(value, Integer), Boolean)
    if kind == "bytes":
        return func.decode(value, "base64")
    return value if kind == "text" else cast(value, TYPES[kind])
