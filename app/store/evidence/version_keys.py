"""Conditions on a version for statements that are built once, and their parameters.

To build a statement takes several times as long as to execute one that was built before.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Integer, bindparam

from app.store.database.types import ROW_ID
from app.store.signatures.large_texts import Key


def is_of_version(table: Any) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions on a table's rows that they belong to the version of `parameters_of`.

    Their names differ from those of columns, which are taken in statements that write.
    """
    return (
        table.signature_id == bindparam("of_signature", type_=ROW_ID),
        table.version == bindparam("of_version", type_=Integer()),
    )


def parameters_of(key: Key) -> dict[str, Any]:
    """Return the parameters of such a statement."""
    return {"of_signature": key.signature_id, "of_version": key.version}
