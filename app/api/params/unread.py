"""Ignored parameters of a request: reported to the caller, never silently dropped.

These are parameters with unknown names, all but the last of contradictory duplicates, and headers
by which a client expects what is not done here. The contract's family reports them in `warnings` of
its envelope; other answers have the header HEADER.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import chain, islice
from urllib.parse import quote

from flask import Flask, Response, current_app, g, request

from app.cms import Reason
from app.services.errors import ParameterError
from app.services.idempotency import HEADER as KEY
from app.services.json_bodies import Doubled
from app.services.translations import choose_wording

#: Names of parameters, percent-encoded, with a comma between them.
HEADER = "X-Unread-Parameters"
#: Names that are reported for one request, and characters of each.
MAX_NAMES = 20
MAX_NAME = 64
#: Methods by which nothing is done (RFC 9110 section 9.2.1).
_SAFE = ("GET", "HEAD")
#: Headers by which a client of the original chooses one of several stores; here there is one.
_TENANTS = ("Api-Tenant", "Api-Segment")


def note(given: Iterable[str], known: Collection[str], *, reads_key: bool = False) -> None:
    """Record the names of given parameters that are unknown, and headers that are not read.

    Args:
        given: names of the parameters.
        known: the known names.
        reads_key: whether a key makes that the request happens once.

    Raises:
        ParameterError: a header chooses another store, and STRICT_TENANT is on.
    """
    tenants = [name for name in _TENANTS if name in request.headers]
    if tenants and current_app.config["STRICT_TENANT"]:
        error = _one_store(tenants[0])
        raise ParameterError(error.template, **error.values)
    g.unread = _unknown(given, known)
    g.unread_headers = {name: _one_store(name) for name in tenants}
    if KEY in request.headers and not reads_key and request.method not in _SAFE:
        g.unread_headers[KEY] = Reason(
            'Header "{field}" is not read here: what is sent again is done again', {"field": KEY}
        )


def _one_store(name: str) -> Reason:
    return Reason('Header "{field}" is not read here: all callers have one store', {"field": name})


def note_doubled(names: Iterable[str]) -> None:
    """Record the names of parameters that were given several times with different values."""
    more = _cut(names)
    if more:
        g.doubled = list(dict.fromkeys((*g.get("doubled", ()), *more)))[:MAX_NAMES]


def note_inside(place: str, given: Iterable[str], known: Collection[str]) -> None:
    """Record unknown members of an object that is part of a request, after `note`.

    Args:
        place: its place, the prefix of the names: `documents[0].`.
        given: names of its members.
        known: the known names.
    """
    more = [place + name for name in _unknown(given, known)]
    g.unread = (g.get("unread", []) + more)[:MAX_NAMES]
    if isinstance(given, Doubled):
        note_doubled(place + name for name in given.doubled)


def _unknown(given: Iterable[str], known: Collection[str]) -> list[str]:
    return _cut(name for name in given if name not in known)


def _cut(names: Iterable[str]) -> list[str]:
    """Return names in a form that an answer can repeat."""
    # A JSON body may contain a lone surrogate, which no answer can contain.
    return [name[:MAX_NAME].encode(errors="replace").decode() for name in islice(names, MAX_NAMES)]


def sentences() -> list[str]:
    """Return a sentence about each recorded name, in the caller's language.

    They are reported once: a caller of this function writes them into the body.
    """
    parameters, headers = g.pop("unread", ()), g.pop("unread_headers", {})
    doubled = [name for name in g.pop("doubled", ()) if name not in parameters]
    if not parameters and not headers and not doubled:
        return []
    reasons = list(headers.values())
    reasons += [
        Reason('"{field}" parameter is not read here', {"field": name}) for name in parameters
    ]
    reasons += [
        Reason('"{field}" parameter was given several times: the last one counts', {"field": name})
        for name in doubled
    ]
    return list(map(choose_wording(request).sentence, reasons))


def forget() -> None:
    """Forget what was recorded of a part of a request, before the next part is read."""
    for name in ("unread", "unread_headers", "doubled"):
        g.pop(name, None)


def init_app(app: Flask) -> None:
    """Write HEADER on each answer whose body doesn't report the ignored parameters."""

    def add(response: Response) -> Response:
        lists = (g.get(name, ()) for name in ("unread", "doubled", "unread_headers"))
        names = dict.fromkeys(chain.from_iterable(lists))
        if names:
            response.headers[HEADER] = ", ".join(quote(name, safe="[]") for name in names)
        return response

    app.after_request(add)
