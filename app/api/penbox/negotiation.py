"""Content negotiation by the Accept header (RFC 9110 section 12.5.1)."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Request
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import NotAcceptable


def choose_type(request: Request, offers: Sequence[str]) -> str:
    """Return the offered type with the greatest quality, the first if there is no Accept.

    Among equals, types named in the request come first, then those offered first. Parameters of
    types, such as a charset, are ignored.

    Raises:
        NotAcceptable: the request accepts none of them.
    """
    accepted = MIMEAccept(
        [(value.partition(";")[0].strip(), quality) for value, quality in request.accept_mimetypes]
    )
    if not accepted:
        return offers[0]
    named = {value.lower() for value in accepted.values()}
    # The first with the greatest quality; a type's quality is that of the most specific range that
    # matches.
    best = max(offers, key=lambda offer: (accepted.quality(offer), offer in named))
    if accepted.quality(best) <= 0:
        raise NotAcceptable
    return best
