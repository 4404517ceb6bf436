"""Lists in an order other than newest first, or of some ids, as the vendor's client may request.

All matches are read, so the cost grows with their number; `STATEMENT_TIMEOUT` bounds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, or_, select

from app.store.models import Signature
from app.store.search.criteria import KEPT_SHAPES, Shape
from app.store.search.matching import matching

OrderField = Literal["id", "document", "thread", "created_at", "updated_at"]

#: It sorts after any continuation of a text.
_BEHIND_ALL = "\U0010ffff"
_ORDERS: dict[str, Any] = {
    "id": Signature.id,
    "document": Signature.document,
    "thread": Signature.thread,
    # Heads get increasing ids as they are created.
    "created_at": Signature.id,
    "updated_at": Signature.updated_at,
}


@dataclass(frozen=True, slots=True)
class Picking:
    """Which of the matching threads are listed, and in which order."""

    #: Exactly this one; below, up to, above, from these; None: any.
    id: int | None = None
    id_lt: int | None = None
    id_le: int | None = None
    id_gt: int | None = None
    id_ge: int | None = None
    #: What the document or the thread begins with.
    search: str | None = None
    order: OrderField = "id"
    ascending: bool = False

    @property
    def parameters(self) -> dict[str, Any]:
        """Values for the placeholders of `picked_ids`."""
        given = {f"picked_{name}": getattr(self, name) for name in _BOUNDS}
        found = {name: value for name, value in given.items() if value is not None}
        if self.search is not None:
            found |= {"search_from": self.search, "search_before": self.search + _BEHIND_ALL}
        return found

    @property
    def shape(self) -> PickingShape:
        """What a statement depends on, without the values."""
        bounds = tuple(name for name in _BOUNDS if getattr(self, name) is not None)
        return PickingShape(bounds, self.search is not None, self.order, self.ascending)


@dataclass(frozen=True, slots=True)
class PickingShape:
    """Which parts of a `Picking` are given."""

    bounds: tuple[str, ...]
    searched: bool
    order: OrderField
    ascending: bool

    @property
    def order_by(self) -> tuple[ColumnElement[Any], ...]:
        """What rows are ordered by: always the same for the same threads."""
        columns = dict.fromkeys((_ORDERS[self.order], Signature.id))
        return tuple(one.asc() if self.ascending else one.desc() for one in columns)


_BOUNDS: dict[str, Any] = {
    "id": Signature.id.__eq__,
    "id_lt": Signature.id.__lt__,
    "id_le": Signature.id.__le__,
    "id_gt": Signature.id.__gt__,
    "id_ge": Signature.id.__ge__,
}


@lru_cache(maxsize=KEPT_SHAPES)
def picked_ids(shape: Shape, picking: PickingShape) -> Select[Any]:
    """Select the id of each thread that matches and is picked, each once, in no order."""
    ids: Select[Any] = select(Signature.id)
    if shape.filters:
        ids = ids.where(Signature.id.in_(matching(shape)))
    for name in picking.bounds:
        ids = ids.where(_BOUNDS[name](bindparam(f"picked_{name}")))
    if picking.searched:
        first: BindParameter[str] = bindparam("search_from")
        before: BindParameter[str] = bindparam("search_before")
        ids = ids.where(
            or_(
                *(
                    (column >= first) & (column < before)
                    for column in (Signature.document, Signature.thread)
                )
            )
        )
    return ids
