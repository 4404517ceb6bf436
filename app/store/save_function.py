"""A save on PostgreSQL: one call of the function `save_version`, which migration 0005 makes.

Its statements, written out one after the other, are planned once in each connection; the whole
call is one statement of the client's, so it is atomic without a transaction around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Dialect, literal_column, select, text

from app.store.prepared import Prepared

_PARAMETERS = (
    "seen",
    "compare",
    "new_document",
    "new_thread",
    "new_cms",
    "new_stage",
    "new_created_by",
    "new_comment",
    "new_tags",
    "new_terms",
    "new_signers",
    "new_signature_sha256",
    "new_content_sha256",
    "new_signed_at",
    "new_format",
    "new_signature_size",
    "new_content_size",
    "new_method",
    "new_saved_by",
)


def save(connection: Connection, values: dict[str, Any], *, compare: bool) -> Sequence[Any] | None:
    """Save a version, as `save_statements.save` does."""
    schemas = connection.get_execution_options().get("schema_translate_map", {})
    call = _call(connection.dialect, schemas.get(None))
    (row,) = call.fetch(connection, {**values, "compare": compare})
    saved_id, *_ = row
    return None if saved_id is None else row


@cache
def _call(dialect: Dialect, schema: str | None) -> Prepared:
    # A translation of schemas reaches tables, but no functions.
    of_schema = "" if schema is None else f"{dialect.identifier_preparer.quote(schema)}."
    arguments = ", ".join(f"{name} => :{name}" for name in _PARAMETERS)
    call = text(f"{of_schema}save_version({arguments})")
    return Prepared(select(literal_column("*")).select_from(call))
