"""An API family: its routes, its addresses, and its error format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flask import Blueprint, Response, current_app, request


@dataclass(frozen=True, slots=True)
class Problem:
    """An error of a request, before a family formats it.

    `message` is a sentence in the client's language, `error` the exception, None if there was none.
    `headers` belong to the status.
    """

    status: int
    message: str
    error: Exception | None
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Family:
    """The API of one signing system.

    `prefixes` are the prefixes of its paths: below them every error has its format, also for
    unknown addresses and methods. The first family has none. `openapi` is its description file,
    `statuses` has its own kinds of refusal.
    """

    name: str
    blueprints: tuple[Blueprint, ...]
    prefixes: tuple[str, ...]
    answer_error: Callable[[Problem], Response]
    openapi: Path
    statuses: Mapping[type[Exception], int] = field(default_factory=dict)

    def owns(self, path: str) -> bool:
        """Return whether an address belongs to this family, even if nothing is there."""
        return any(path.startswith(prefix) and path != prefix for prefix in self.prefixes)


def family_at_work() -> str | None:
    """Return the name of the request's family; None if it has none, such as `/health`."""
    families: tuple[Family, ...] = current_app.extensions["families"]
    blueprint, path = request.blueprint, request.path
    for family in families:
        if family.owns(path) or any(one.name == blueprint for one in family.blueprints):
            return family.name
    return None
