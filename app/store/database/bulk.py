"""One statement that writes many rows, on either database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from sqlalchemy import (
    JSON,
    Connection,
    Executable,
    Text,
    bindparam,
    cast,
    column,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY

#: Builds the statement; the values of a row are attributes of its argument.
Write = Callable[[Any], Executable]


def execute(
    connection: Connection, write: Write, kinds: Mapping[str, Any], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Execute a statement for each of many rows.

    PostgreSQL receives one statement over arrays: one plan and one round trip. SQLite, which has no
    round trips, runs one statement for each row.

    Args:
        connection: one of `database.transaction`.
        write: makes the statement.
        kinds: the types of a row's values, by their names, in their order. Of JSON, the values
            are text.
        rows: values.
    """
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        sent = {name: bindparam(f"sent_{name}", type_=_sent(kind)) for name, kind in kinds.items()}
        names = [f"sent_{name}" for name in kinds]
        statement = write(SimpleNamespace(**sent))
        connection.execute(statement, [dict(zip(names, row, strict=True)) for row in rows])
        return
    arrays = [bindparam(f"sent_{name}", type_=ARRAY(_sent(kind))) for name, kind in kinds.items()]
    columns = [column(name, _sent(kind)) for name, kind in kinds.items()]
    table = func.unnest(*arrays).table_valued(*columns, name="sent").render_derived()
    given = {
        name: cast(table.c[name], JSON) if isinstance(kind, JSON) else table.c[name]
        for name, kind in kinds.items()
    }
    values = zip(*rows, strict=True)
    connection.execute(
        write(SimpleNamespace(**given)),
        {f"sent_{name}": list(value) for name, value in zip(kinds, values, strict=True)},
    )


def _sent(kind: Any) -> Any:
    return Text() if isinstance(kind, JSON) else kind
