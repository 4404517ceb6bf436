"""Requests that the server below the application refuses; the application writes the answer.

They are incomplete, not HTTP, or too large, and can't be processed. But they are answered like any
other refusal: counted, logged, in the format of the address's API family, as far as it can be
parsed, and in the language of the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import Flask, request

#: The WSGI key of the `Refusal`. No client can set it: its headers begin with `HTTP_`.
VARIABLE = "tanbahana.refused_below"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The answer to a refused request.

    `reason` is the name by which it is counted, the class of an error; `headers` belong to the
    status.
    """

    status: int
    reason: str
    headers: Mapping[str, str] = field(default_factory=dict)


class RefusedBelow(Exception):
    """A request that the server refuses."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


def init_app(app: Flask) -> None:
    """Raise the refusals of the server.

    Call it after authentication and counting, before anything that requires something.
    """

    def refuse() -> None:
        given: Refusal | None = request.environ.get(VARIABLE)
        if given is not None:
            raise RefusedBelow(given)

    app.before_request(refuse)
