"""Requests that the server below the application refuses: it asks the application to say so.

They are not whole, or no HTTP, or too large, so that there is nothing to be done for them. But they
are told as any other refusal: counted, with their line in the log, in the shape of the family that
the address belongs to, as far as it can be read, and in the language of the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import Flask, request

#: Where a request has the `Refusal`. No client can set it: what they send begins with `HTTP_`.
VARIABLE = "tanbahana.refused_below"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is answered to a request.

    `reason` is the name that it is counted by, the class of an error; `headers` are those that go
    with the status.
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
    """Refuse what the server refuses.

    To be called after what finds out who calls, and counts it, before what demands anything.
    """

    def refuse() -> None:
        given: Refusal | None = request.environ.get(VARIABLE)
        if given is not None:
            raise RefusedBelow(given)

    app.before_request(refuse)
