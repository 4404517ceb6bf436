"""The last id that a table has assigned, whose row may be gone: it is never reused."""

from __future__ import annotations

from sqlalchemy import Connection, func, inspect, select, text

from app.store.models import Base


def _counted() -> list[str]:
    return [
        str(table.name)
        for table in Base.metadata.sorted_tables
        if table.dialect_options["sqlite"]["autoincrement"]
    ]


def read_counters(connection: Connection, schema: str | None) -> dict[str, int]:
    """Return the last id that each table has assigned, 0 if none; an older store has fewer."""
    there = inspect(connection)
    listed = [name for name in _counted() if there.has_table(name, schema)]
    return {name: _read(connection, name, schema) for name in listed}


def _read(connection: Connection, name: str, schema: str | None) -> int:
    if connection.dialect.name == "sqlite":
        statement = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        return int(connection.execute(statement, {"name": name}).scalar() or 0)
    sequence = _sequence(connection, name, schema)
    # The name comes from the database, quoted where needed.
    row = connection.exec_driver_sql(f"SELECT last_value, is_called FROM {sequence}").one()  # noqa: S608
    return int(row.last_value) if row.is_called else int(row.last_value) - 1


def write_counter(connection: Connection, name: str, schema: str | None, last: int) -> None:
    """Make a table continue after an id."""
    if connection.dialect.name == "sqlite":
        values = {"name": name, "last": last}
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), values)
        connection.execute(text("INSERT INTO sqlite_sequence VALUES (:name, :last)"), values)
    else:
        sequence = _sequence(connection, name, schema)
        connection.execute(select(func.setval(sequence, max(last, 1), last > 0)))


def _sequence(connection: Connection, name: str, schema: str | None) -> str:
    quote = connection.dialect.identifier_preparer.quote
    table = quote(name) if schema is None else f"{quote(schema)}.{quote(name)}"
    found = connection.execute(select(func.pg_get_serial_sequence(table, "id"))).scalar_one()
    return str(found)
