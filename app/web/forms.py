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
from app.web.posted import Posted, read_posted

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


def read_form(*names: str) -> dict[str, str]:
    """Return the fields of a form of ours, which has no files: those that were sent.

    Args:
        names: of its fields, beside FIELD.

    Raises:
        OriginRefused: it is another page's.
        ParameterError: a field is not known, or can't be used.
        FormTooLarge: it is larger than such a form.
    """
    posted = read_own()
    posted.require_known((FIELD, *names))
    return {name: posted.text(name) for name in names if name in posted.given}


def read_own(*, files: bool = False) -> Posted:
    """Read a form of ours, perhaps with files.

    Raises:
        OriginRefused: it is another page's.
        ParameterError: it can't be read.
        RequestEntityTooLarge: it is too large.
    """
    require_own_page()
    known = request.cookies.get(_cookie_name(), "")
    if not known:
        raise OriginRefused
    posted = read_posted(files=files)
    if not hmac.compare_digest(known.encode(), posted.text(FIELD).encode()):
        raise OriginRefused
    return posted


def _cookie_name() -> str:
    return f"__Host-{COOKIE}" if sessions.is_secure() else COOKIE
