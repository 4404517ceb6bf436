"""Sign in with an access token, and sign out."""

from __future__ import annotations

from flask import Response, current_app, redirect, request
from werkzeug.exceptions import NotFound

from app import sessions
from app.auth import public
from app.web.blueprint import blueprint
from app.web.forms import read_form
from app.web.rendering import page_url, render
from app.web.texts import translated

#: Characters of a token in the form: a real one has 85.
LONGEST = 200


@blueprint.get("/app/sign-in")
@public
def get_sign_in() -> Response:
    """Return the form."""
    _require_tokens()
    return _form()


@blueprint.post("/app/sign-in")
@public
def sign_in() -> Response:
    """Begin a session."""
    _require_tokens()
    fields = read_form("token")
    bearer = sessions.find_bearer(fields.get("token", "")[:LONGEST])
    if bearer is None:
        return _form(translated("This token is not valid, or no longer."), 403)
    if not bearer.may("read"):
        lacking = translated("This token may not read, so there is nothing to see with it.")
        return _form(lacking, 403)
    response = _see_other(_own_address(request.args.get("back", "")))
    sessions.set_cookie(
        response, sessions.cookie_name(), sessions.write_session(bearer), sessions.LASTS
    )
    return response


@blueprint.post("/app/sign-out")
@public
def sign_out() -> Response:
    """End the session in this browser."""
    read_form()
    response = _see_other(page_url("get_sign_in"))
    sessions.delete_cookie(response, sessions.cookie_name())
    return response


def _require_tokens() -> None:
    """Raise NotFound where no token is needed."""
    if not current_app.config["AUTH"]:
        raise NotFound


def _form(refusal: str | None = None, status: int = 200) -> Response:
    return render("sign_in.html", status, refusal=refusal, back=request.args.get("back"))


def _own_address(back: str) -> str:
    """Return where to go after signing in: only to a page of the office."""
    prefix = page_url("get_search").partition("?")[0]
    is_own = back == "/app" or back.startswith(("/app/", "/app?"))
    if is_own and "\\" not in back and back.isprintable():
        return prefix.removesuffix("/app") + back
    return page_url("get_search")


def _see_other(address: str) -> Response:
    return current_app.make_response(redirect(address, 303))
