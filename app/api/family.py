"""What an API family is: its routes, its addresses, and how it tells what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flask import Blueprint, Response, current_app, request


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a request, before a family puts it into its own words.

    `message` is a sentence in the client's language, `error` what was raised, None where nothing
    was. `headers` are those that go with the status.
    """

    status: int
    message: str
    error: Exception | None
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Family:
    """The API of one signing system.

    `prefixes` are what the paths of its addresses begin with: below them its own shape answers to
    every mistake, unknown addresses and methods included. The first family has none. `openapi`
    is the file that describes it, `statuses` has the kinds of refusal that are its own.
    """

    name: str
    blueprints: tuple[Blueprint, ...]
    prefixes: tuple[str, ...]
    tell: Callable[[Problem], Response]
    openapi: Path
    statuses: Mapping[type[Exception], int] = field(default_factory=dict)

    def owns(self, path: str) -> bool:
        """Return whether an address is this family's, whether or not there is anything at it."""
        return any(path.startswith(prefix) and path != prefix for prefix in self.prefixes)


def family_at_work() -> str | None:
    """Name the family that the request at work belongs to; None if it is of none, as `/health`."""
    families: tuple[Family, ...] = current_app.extensions["families"]
    blueprint, path = request.blueprint, request.path
    for family in families:
        if family.owns(path) or any(one.name == blueprint for one in family.blueprints):
            return family.name
    return None
