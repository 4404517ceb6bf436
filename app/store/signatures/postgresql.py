"""A save on PostgreSQL: one call of the function `save_version`, which migration 0005 makes.

Its statements, written out one after the other, are planned once in each connection; the whole
call is one statement of the client's, so it is atomic without a transaction around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, literal_column, select, text

from app.store.database.compiled_query import Prepared


def save(connection: Connection, values: dict[str, Any], *, compare: bool) -> Sequence[Any] | None:
    """Save a version, as `sqlite.save` does."""
    schemas = connection.get_execution_options().get("schema_translate_map", {})
    given = {**values, "compare": compare}
    (row,) = _call(connection.dialect, schemas.get(None), tuple(given)).fetch(connection, given)
    saved_id, *_ = row
    return None if saved_id is None else row


@lru_cache(maxsize=16)
def _call(dialect: Dialect, schema: str | None, names: tuple[str, ...]) -> Prepared:
    # A translation of schemas reaches tables, but no functions.
    of_schema = "" if schema is None else f"{dialect.identifier_preparer.quote(schema)}."
    arguments = ", ".join(f"{name} => :{name}" for name in names)
    call = text(f"{of_schema}save_version({arguments})")
    return Prepared(select(literal_column("*")).select_from(call), kept=True)
