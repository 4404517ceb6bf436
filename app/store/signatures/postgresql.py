"""A save on PostgreSQL: one call of the function `save_version`, created by migration 0005.

The statements in it are planned once in each connection; the call is one statement for the client,
so it is atomic without an explicit transaction.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Connection, Dialect, literal_column, select, text

from app.store.database.base64_text import is_base64
from app.store.database.compiled_query import Prepared
from app.store.database.sessions import Octets
from app.store.search.tag_pairs import pairs_of


def save(connection: Connection, values: dict[str, Any], *, compare: bool) -> Sequence[Any] | None:
    """Save a version, as `sqlite.save` does."""
    schemas = connection.get_execution_options().get("schema_translate_map", {})
    cms = values["new_cms"]
    is_packed = isinstance(cms, bytes)
    given = {
        **values,
        "new_cms": Octets(b2a_base64(cms, newline=False)) if is_packed else cms,
        "new_is_base64": is_packed or is_base64(cms),
        "given_pairs": pairs_of(orjson.loads(values["new_tags"])),
        "compare": compare,
    }
    (row,) = _call(connection.dialect, schemas.get(None), tuple(given)).fetch(connection, given)
    saved_id, *_ = row
    return None if saved_id is None else row


@lru_cache(maxsize=16)
def _call(dialect: Dialect, schema: str | None, names: tuple[str, ...]) -> Prepared:
    # SQLAlchemy's schema translation applies to tables, not to functions.
    of_schema = "" if schema is None else f"{dialect.identifier_preparer.quote(schema)}."
    arguments = ", ".join(f"{name} => :{name}" for name in names)
    call = text(f"{of_schema}save_version({arguments})")
    return Prepared(select(literal_column("*")).select_from(call), kept=True)
