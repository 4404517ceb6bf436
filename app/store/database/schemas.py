"""Names of tables in statements that SQLAlchemy's schema translation doesn't reach."""

from __future__ import annotations

from sqlalchemy import Connection


def qualified(connection: Connection, table: str) -> str:
    """Return the name of a table, with the schema that holds the tables if one is set."""
    schema = connection.get_execution_options().get("schema_translate_map", {}).get(None)
    quote = connection.dialect.identifier_preparer.quote
    return table if schema is None else f"{quote(schema)}.{table}"
