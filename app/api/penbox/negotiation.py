"""Which of the types that there are a request prefers (RFC 9110 section 12.5.1)."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Request
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import NotAcceptable


def choose_type(request: Request, offers: Sequence[str]) -> str:
    """Return the offered type with the greatest quality, the first if there is no Accept.

    Among equals those go first that the request names, then those that stand first. Parameters of
    types, such as a charset, are not looked at.

    Raises:
        NotAcceptable: the request accepts none of them.
    """
    accepted = MIMEAccept(
        [(value.partition(";")[0].strip(), quality) for value, quality in request.accept_mimetypes]
    )
    if not accepted:
        return offers[0]
    named = {value.lower() for value in accepted.values()}
    # The first of the greatest; a type's quality is that of the narrowest range that holds it.
    best = max(offers, key=lambda offer: (accepted.quality(offer), offer in named))
    if accepted.quality(best) <= 0:
        raise NotAcceptable
    return best
