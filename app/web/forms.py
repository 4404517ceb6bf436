"""What is posted has to come from a form of ours: the same value in a cookie and in the form.

Beside that the request's Origin is compared, and the cookies are SameSite=Strict: a page of another
site can do none of it.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Response, after_this_request, current_app, g, request

from app import sessions
from app.closed import OriginRefused
from app.services.errors import ParameterError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

#: The name of the field, and of the cookie.
FIELD = "form_token"
COOKIE = "tanbahana_form"
#: The key of the function that refuses pages of other origins.
OWN_PAGE = "pages' origin check"


def form_token() -> str:
    """Return the value for a form's hidden field, and set the cookie if there is none."""
    known = request.cookies.get(_cookie_name()) or g.get(FIELD)
    if known:
        return str(known)
    made = secrets.token_hex(16)
    setattr(g, FIELD, made)

    @after_this_request
    def keep(response: Response) -> Response:
        sessions.set_cookie(response, _cookie_name(), made, None)
        return response

    return made


def require_own_page() -> None:
    """Require that no page of another origin sent the request. Raises OriginRefused."""
    check: Callable[[WSGIEnvironment], None] = current_app.extensions[OWN_PAGE]
    check(request.environ)


def read_form() -> dict[str, str]:
    """Return the fields of a form of ours.

    Raises:
        OriginRefused: it is another page's.
        ParameterError: a field has a NUL, which PostgreSQL can't store as text.
    """
    require_own_page()
    known = request.cookies.get(_cookie_name(), "")
    given = request.form.get(FIELD, "")
    if not known or not hmac.compare_digest(known.encode(), given.encode()):
        raise OriginRefused
    fields: dict[str, str] = request.form.to_dict()
    for name, value in fields.items():
        if "\0" in value:
            raise ParameterError('"{field}" parameter must not contain NUL', field=name)
    return {name: value.strip() for name, value in fields.items()}


def _cookie_name() -> str:
    return f"__Host-{COOKIE}" if sessions.is_secure() else COOKIE
