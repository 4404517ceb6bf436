"""The filter on the evidence of current versions, by two small tables.

A result counts only as long as no newer version was saved, and a job only for the current version:
a row for another one is skipped.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, exists, literal_column, select

from app.store.models import EvidenceJob, EvidenceThread, Signature
from app.store.search.criteria import Shape


def newest(shape: Shape) -> Select[Any]:
    """Select the ids of threads by the filter alone, from an index that has them in order.

    OFFSET keeps PostgreSQL from joining, for which it might read all rows first.
    """
    rows = _rows(shape)
    is_current = _is_current(rows).offset(0)
    return select(rows.c.signature_id).where(*_has_state(shape, rows), exists(is_current))


def met(shape: Shape, signature_id: Any) -> ColumnElement[bool]:
    """Return the condition that a thread meets the filter."""
    rows = _rows(shape)
    mine = rows.c.signature_id == signature_id
    return exists().where(mine, *_has_state(shape, rows), exists(_is_current(rows)))


def _rows(shape: Shape) -> Any:
    table = EvidenceJob if shape.evidence == "pending" else EvidenceThread
    return table.__table__.alias("evidence")


def _has_state(shape: Shape, rows: Any) -> list[ColumnElement[bool]]:
    # One of two words of our own, as a literal: a statement is kept for each.
    if shape.evidence == "pending":
        return []
    return [rows.c.state == literal_column(f"'{shape.evidence}'")]


def _is_current(rows: Any) -> Select[Any]:
    head = Signature.__table__.alias("head")
    return select(head.c.id).where(
        head.c.id == rows.c.signature_id, head.c.version == rows.c.version
    )
