"""Caching of answers: not stored at all, unless the view sets something else.

Answers contain personal data. So none may stay in a shared cache or on a disk (RFC 9111 section
5.2.2.5); one with an ETag may be stored by the caller, which revalidates it each time.
"""

from __future__ import annotations

from flask import Flask, Request, Response, request

NO_STORE = "private, no-store"
NO_CACHE = "private, no-cache"

#: Conditional request fields with dates (RFC 9110 sections 13.1.3 to 13.1.5).
_BY_DATE = ("HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_IF_RANGE")

_LANGUAGE_DECIDED = "tanbahana.language_decided"


def init_app(app: Flask) -> None:
    """Set Cache-Control on every answer, and Vary on those in a negotiated language."""

    def add(response: Response) -> Response:
        headers = response.headers
        if "Cache-Control" not in headers:
            headers.add("Cache-Control", NO_CACHE if "ETag" in headers else NO_STORE)
        if _LANGUAGE_DECIDED in request.environ:
            response.vary.update(("Accept-Language", "api-locale"))
        return response

    app.after_request(add)


def note_language(request: Request) -> None:
    """Record that the answer depends on the language of the request."""
    request.environ[_LANGUAGE_DECIDED] = True


def answer_condition(response: Response, request: Request, *, but: str = "") -> None:
    """Turn an answer that has an ETag into 304 if the client has it already.

    No answer here has a Last-Modified, so conditions with dates are ignored, as invalid dates must
    be (RFC 9110 section 13.1.3): werkzeug would use any.

    Args:
        response: it may be changed.
        request: its request.
        but: one more header to ignore, by its WSGI name.
    """
    environ = dict(request.environ)
    for name in (*_BY_DATE, but):
        environ.pop(name, None)
    response.make_conditional(environ)
