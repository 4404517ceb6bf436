"""Errors at addresses of pages: as pages for browsers, in the API's format for all others."""

from __future__ import annotations

import re
from typing import Protocol

from flask import Request, Response, current_app, jsonify, redirect, request
from werkzeug.exceptions import BadHost, SecurityError

from app.auth import TokenNeeded
from app.cms import CmsError
from app.services.errors import ParameterError
from app.web.error_words import trouble_with_request
from app.web.rendering import page_url, render
from app.web.texts import sentence
from app.web.troubles import Trouble

#: The addresses of pages, whatever is there.
_OWN = re.compile(r"/(?:app|verify|v|sign|assets)(?:/|$)").match
#: What the script of the page of a signer sends signatures to.
_SIGNING = "web.sign"


class Problem(Protocol):
    """An error of a request, as the API's error handlers describe it."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def message(self) -> str:
        """A sentence in the reader's language."""

    @property
    def error(self) -> Exception | None:
        """The exception, None if there was none."""


def is_page(path: str) -> bool:
    """Return whether an address is one of pages, even if nothing is there."""
    return _OWN(path) is not None


def wants_page(request: Request) -> bool:
    """Return whether a client prefers HTML to JSON, as browsers do, and a page can be shown.

    It can't if the Host is no name: then no page has an address.
    """
    if isinstance(request.routing_exception, BadHost | SecurityError):
        return False
    return request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"


def answer_error(problem: Problem) -> Response | None:
    """Answer with a page about an error; None where that is up to the API.

    Who needs a token is sent to where to sign in, and comes back from there.
    """
    if not is_page(request.path):
        return None
    if not wants_page(request):
        return _answer_script(problem) if request.endpoint == _SIGNING else None
    if isinstance(problem.error, TokenNeeded):
        back = request.full_path.rstrip("?") if request.method == "GET" else None
        response = redirect(page_url("get_sign_in", back=back), 303)
        return response if isinstance(response, Response) else None
    return render(
        "error.html",
        problem.status,
        number=problem.status,
        trouble=_words(problem),
        back=_find_form(),
        is_office=request.path.startswith("/app"),
    )


def _find_form() -> str | None:
    """Return the address of the page whose form was sent; None if nothing was, or there is none."""
    adapter = current_app.create_url_adapter(request)
    if request.method != "POST" or adapter is None or not adapter.test(method="GET"):
        return None
    return request.script_root + request.full_path.rstrip("?")


def _answer_script(problem: Problem) -> Response:
    """Answer the script of the page of a signer, who reads what it is told."""
    trouble = _words(problem)
    message = f"{trouble.what}. {trouble.advice}"
    response = jsonify(status=False, message=message, detail=trouble.detail, content=None)
    response.status_code = problem.status
    return response


def _words(problem: Problem) -> Trouble:
    is_signing = request.path.startswith("/sign/")
    return trouble_with_request(problem.status, _message(problem), problem.error, is_signing)


def _message(problem: Problem) -> str:
    """Return the sentence of an error, with times as pages write them."""
    error = problem.error
    if isinstance(error, CmsError | ParameterError):
        return sentence(error)
    return problem.message
