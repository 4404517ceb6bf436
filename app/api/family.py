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
    unknown addresses and methods; `addresses` are further ones, as a whole. The first family has
    none. `openapi` is its description file, `statuses` has its own kinds of refusal. `path` is
    where its blueprints are registered, and `described_path` the one in the description.
    """

    name: str
    blueprints: tuple[Blueprint, ...]
    prefixes: tuple[str, ...]
    answer_error: Callable[[Problem], Response]
    openapi: Path
    statuses: Mapping[type[Exception], int] = field(default_factory=dict)
    addresses: frozenset[str] = frozenset()
    path: str = ""
    described_path: str = ""

    def owns(self, path: str) -> bool:
        """Return whether an address belongs to this family, even if nothing is there."""
        return path in self.addresses or any(
            path.startswith(prefix) and path != prefix for prefix in self.prefixes
        )

    def serves(self, blueprint: str | None) -> bool:
        """Return whether a blueprint is this family's."""
        return any(one.name == blueprint for one in self.blueprints)


def family_of_request() -> Family | None:
    """Return the family whose view answers a request, else the one that owns its address."""
    families: tuple[Family, ...] = current_app.extensions["families"]
    for family in families:
        if family.serves(request.blueprint):
            return family
    if request.blueprint is not None:
        return None
    return next((family for family in families if family.owns(request.path)), None)


def family_at_work() -> str | None:
    """Return the name of the request's family; None if it has none, such as `/health`."""
    family = family_of_request()
    return family.name if family else None
