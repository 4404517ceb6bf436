"""A link that was just made, on its way to the page that shows its address this once.

The page comes by a redirect, so that loading it again makes no other link (RFC 9110 section
15.4.4). Until it was shown, the link's token is in a cookie; it is kept nowhere else.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from flask import Response, request
from sqlalchemy import Connection

from app import sessions
from app.services.links import MadeLink
from app.store.public_links import find_link
from app.store.signatures.large_texts import Key

_NAME: Final = "tanbahana_link"
#: How long the page may take to come.
_LASTS: Final = timedelta(minutes=1)


def keep_new_link(response: Response, made: MadeLink) -> None:
    """Keep a new link in a cookie, for the page that shows it after the redirect."""
    sessions.set_cookie(response, _cookie_name(), made.token, _LASTS)


def find_new_link(connection: Connection, key: Key) -> MadeLink | None:
    """Return the link to a version that was just made in this browser; None if none was."""
    token = request.cookies.get(_cookie_name(), "")
    found = find_link(connection, token) if token else None
    return MadeLink(found.link, token) if found and found.link.key == key else None


def forget_new_link(response: Response) -> None:
    """Forget the link, whose address the page shows."""
    sessions.delete_cookie(response, _cookie_name())


def _cookie_name() -> str:
    return f"__Host-{_NAME}" if sessions.is_secure() else _NAME
