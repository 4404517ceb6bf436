"""Who may call: what each view demands of its caller."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

Scope = Literal["read", "write", "delete", "admin"]

View = TypeVar("View", bound=Callable[..., Any])

#: What each view demands; None: nothing, it is public. A view that isn't here demands `admin`.
DEMANDS: dict[Callable[..., Any], Scope | None] = {}


def needs(scope: Scope) -> Callable[[View], View]:
    """Demand a scope of the caller of a view."""

    def demand(view: View) -> View:
        DEMANDS[view] = scope
        return view

    return demand


def public(view: View) -> View:
    """Let everybody call a view."""
    DEMANDS[view] = None
    return view
