"""Handling around each request: it gets an id, is counted, and is logged."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from random import getrandbits
from time import perf_counter
from typing import Any

from flask import Flask, Request, Response, request

from app.observability.counters import UNMATCHED, count_refusal, count_request, known_method
from app.observability.logs import REQUEST_ID, write_line

HEADER = "X-Request-ID"
_BEGAN = "tanbahana.began"
#: An id that a client may give. Twelve digits in a row may be a person's number, which must not get
#: into the log; so may twice six with a separator.
_ACCEPTED = re.compile(
    r"(?!.*[0-9]{12})(?!.*(?<![0-9])[0-9]{6}[._-]+[0-9]{6}(?![0-9]))[A-Za-z0-9._-]{1,128}"
).fullmatch

_ACCESS = "app.access"
#: The WSGI key of the reason of a refusal: the name of an error's class.
_REASON = "tanbahana.reason"


@dataclass(frozen=True, slots=True)
class Identity:
    """What the line of a request identifies: evaluated during the request."""

    #: The name of the caller's token, None if there is none.
    token: Callable[[], str | None]
    #: The API family of the address, None if it has none.
    family: Callable[[], str | None]
    #: Whether it has the client's address, which is personal data if clients are people.
    address: bool = False
    #: Known families of views: they never change.
    known: dict[str, str | None] = field(default_factory=dict)

    def family_of(self, endpoint: str | None) -> str | None:
        """Return the family of the current request; `endpoint` is None if it has no view."""
        if endpoint is None:
            return self.family()
        if endpoint not in self.known:
            self.known[endpoint] = self.family()
        return self.known[endpoint]


def init_app(app: Flask, *, count: bool, identity: Identity | None) -> None:
    """Observe every request of an application.

    Call it before anything else that runs before requests, so that its time is included.

    Args:
        app: the application.
        count: whether requests are counted.
        identity: what identifies each request in the log; None: requests are not logged.
    """

    def end(response: Response) -> Response:
        environ = request.environ
        if _BEGAN not in environ:  # it failed before the first function that runs before requests
            _begin()
        seconds = perf_counter() - environ[_BEGAN]
        response.headers[HEADER] = environ[REQUEST_ID]
        rule = request.url_rule
        route = UNMATCHED if rule is None else rule.rule
        if count:
            count_request(route, environ["REQUEST_METHOD"], response.status_code, seconds)
        if identity:
            _log_request(environ, route, response, seconds, identity)
        return response

    app.before_request(_begin)
    app.after_request(end)


def refused(request: Request, reason: str) -> None:
    """Count a refused request, and keep the reason for its line."""
    request.environ[_REASON] = reason
    count_refusal(reason)


def _begin() -> None:
    environ = request.environ
    environ[_BEGAN] = perf_counter()
    given = environ.get("HTTP_X_REQUEST_ID")
    environ[REQUEST_ID] = given if given and _ACCEPTED(given) else new_id()


def new_id() -> str:
    """Create the id of a request without one."""
    # Not from the system: that call would yield to another thread.
    return f"{getrandbits(128):032x}"


def _log_request(
    environ: dict[str, Any], route: str, response: Response, seconds: float, identity: Identity
) -> None:
    length = response.headers.get("Content-Length")
    fields = {
        "request_id": environ[REQUEST_ID],
        "method": known_method(environ["REQUEST_METHOD"]),
        "route": route,
        "status": response.status_code,
        "milliseconds": round(seconds * 1000, 3),
        "bytes": int(length) if length else None,
        "token": identity.token(),
        "family": identity.family_of(request.endpoint),
    }
    if _REASON in environ:
        fields["reason"] = environ[_REASON]
    if identity.address:
        fields["address"] = environ.get("REMOTE_ADDR")
    write_line(_ACCESS, "request", fields)
