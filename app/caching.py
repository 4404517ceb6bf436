"""Who may keep an answer: the caller alone and for this once, where the view says nothing else.

What is answered here names people. So nothing of it stays in a shared cache or on a disk (RFC 9111
section 5.2.2.5); what has an ETag may be kept by the caller, who asks each time whether it is still
the current one.
"""

from __future__ import annotations

from flask import Flask, Request, Response, request

KEPT_BY_NOBODY = "private, no-store"
KEPT_BY_CALLER = "private, no-cache"

#: Conditions of a request by dates (RFC 9110 sections 13.1.3 to 13.1.5).
_BY_DATE = ("HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_IF_RANGE")

_LANGUAGE_DECIDED = "tanbahana.language_decided"


def init_app(app: Flask) -> None:
    """Write it on every answer; and on those in a language that was chosen, by which headers."""

    def add(response: Response) -> Response:
        headers = response.headers
        if "Cache-Control" not in headers:
            headers.add("Cache-Control", KEPT_BY_CALLER if "ETag" in headers else KEPT_BY_NOBODY)
        if _LANGUAGE_DECIDED in request.environ:
            response.vary.update(("Accept-Language", "api-locale"))
        return response

    app.after_request(add)


def note_language(request: Request) -> None:
    """Note that the answer depends on the language that the request wants."""
    request.environ[_LANGUAGE_DECIDED] = True


def answer_condition(response: Response, request: Request, *, but: str = "") -> None:
    """Turn an answer that has an ETag into 304 if the client has it already.

    No answer here has a Last-Modified, so what a client says of dates is ignored, as it has to be
    where a date is none (RFC 9110 section 13.1.3): werkzeug would compute with any.

    Args:
        response: it may be changed.
        request: what asked for it.
        but: one more header, as the environment names it, to which no heed is paid.
    """
    environ = dict(request.environ)
    for name in (*_BY_DATE, but):
        environ.pop(name, None)
    response.make_conditional(environ)
