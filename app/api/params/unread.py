"""What a request says that is not read: told to the caller, never passed over in silence.

That is what has a name that nothing reads, and all but the last of what was said several times. The
contract's family tells it in sentences, in `warnings` of its envelope; where a body has no room for
it, the header HEADER does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import islice
from urllib.parse import quote

from flask import Flask, Response, current_app, g, request

from app.api.params.errors import ParameterError
from app.api.params.json_bodies import Doubled
from app.api.translations import choose_wording
from app.cms import Reason

#: Names of parameters, percent-encoded, with a comma between them.
HEADER = "X-Unread-Parameters"
#: Names that are told of one request, and characters of each.
MAX_NAMES = 20
MAX_NAME = 64
#: By these a client of the original chooses one of several stores; here there is one.
_TENANTS = ("Api-Tenant", "Api-Segment")


def note(given: Iterable[str], known: Collection[str]) -> None:
    """Keep the names of parameters that were given and are not known.

    Raises:
        ParameterError: a header asks for a store of its own, and STRICT_TENANT is on.
    """
    tenants = [name for name in _TENANTS if name in request.headers]
    if tenants and current_app.config["STRICT_TENANT"]:
        raise ParameterError(
            'Header "{field}" is not read here: all callers have one store', field=tenants[0]
        )
    g.unread = _unknown(given, known)
    g.unread_headers = tenants


def note_doubled(names: Iterable[str]) -> None:
    """Keep the names of parameters that were given several times with different values."""
    more = _cut(names)
    if more:
        g.doubled = list(dict.fromkeys((*g.get("doubled", ()), *more)))[:MAX_NAMES]


def note_inside(place: str, given: Iterable[str], known: Collection[str]) -> None:
    """Keep the names of members of an object that is part of a request, after `note`.

    Args:
        place: where it stands, which the names begin with: `documents[0].`.
        given: names of its members.
        known: those that are read.
    """
    more = [place + name for name in _unknown(given, known)]
    g.unread = (g.get("unread", []) + more)[:MAX_NAMES]
    if isinstance(given, Doubled):
        note_doubled(place + name for name in given.doubled)


def _unknown(given: Iterable[str], known: Collection[str]) -> list[str]:
    return _cut(name for name in given if name not in known)


def _cut(names: Iterable[str]) -> list[str]:
    """Return names as an answer may repeat them."""
    # JSON of a body may have half of a surrogate pair, which no answer can carry.
    return [name[:MAX_NAME].encode(errors="replace").decode() for name in islice(names, MAX_NAMES)]


def sentences() -> list[str]:
    """Return a sentence about each name that was kept, in the language that the caller wants.

    They are told once: who asks for them tells them in the body.
    """
    parameters, headers = g.pop("unread", ()), g.pop("unread_headers", ())
    doubled = [name for name in g.pop("doubled", ()) if name not in parameters]
    if not parameters and not headers and not doubled:
        return []
    told = [
        Reason('Header "{field}" is not read here: all callers have one store', {"field": name})
        for name in headers
    ]
    told += [Reason('"{field}" parameter is not read here', {"field": name}) for name in parameters]
    told += [
        Reason('"{field}" parameter was given several times: the last one counts', {"field": name})
        for name in doubled
    ]
    return list(map(choose_wording(request).sentence, told))


def init_app(app: Flask) -> None:
    """Make each answer whose body doesn't tell of it say in HEADER what was not read."""

    def add(response: Response) -> Response:
        names = dict.fromkeys((*g.get("unread", ()), *g.get("doubled", ())))
        if names:
            response.headers[HEADER] = ", ".join(quote(name, safe="[]") for name in names)
        return response

    app.after_request(add)
