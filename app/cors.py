"""Which pages of other origins may call from a browser (the Fetch standard, CORS)."""

from __future__ import annotations

from typing import Literal

from flask import Flask, Response, request
from werkzeug.exceptions import MethodNotAllowed

#: Origins, or `*` for all.
Origins = tuple[str, ...] | Literal["*"]

#: Methods: with `*` those that the original permits; for origins that the operator named, all.
OF_ALL = "GET, POST"
OF_NAMED = "GET, POST, DELETE"

#: Request headers that a page may send.
ACCEPTED = (
    "Content-Type, Authorization, api_key, X-Api-Key, api-locale, X-Request-ID, If-None-Match, "
    "Idempotency-Key"
)
#: Response headers that a page may read, besides those that every page may.
EXPOSED = (
    "total, per-page, link, ETag, Retry-After, RateLimit, RateLimit-Policy, RateLimit-Limit, "
    "RateLimit-Remaining, RateLimit-Reset, X-Request-ID, Content-Disposition, WWW-Authenticate, "
    "X-Unread-Parameters"
)
#: Seconds for which a browser may cache a preflight.
MAX_AGE = "7200"


def init_app(app: Flask, origins: Origins) -> None:
    """Answer preflights, and mark on every answer whose pages may read it.

    Call it before everything that may refuse a request: a preflight has neither token nor limit.
    """
    methods = OF_ALL if origins == "*" else OF_NAMED

    def answer_preflight() -> Response | None:
        if request.method != "OPTIONS" or not _is_preflight():
            return None
        response = Response(status=204)
        del response.headers["Content-Type"]
        response.headers["Access-Control-Allow-Methods"] = methods
        response.headers["Access-Control-Allow-Headers"] = ACCEPTED
        response.headers["Access-Control-Max-Age"] = MAX_AGE
        return response

    def allow_all(response: Response) -> Response:
        response.headers.add("Access-Control-Allow-Origin", "*")
        response.headers.add("Access-Control-Expose-Headers", EXPOSED)
        return response

    def allow_named(response: Response) -> Response:
        response.headers.add("Vary", "Origin")
        origin = request.environ.get("HTTP_ORIGIN")
        if origin in origins:
            response.headers.add("Access-Control-Allow-Origin", origin)
            response.headers.add("Access-Control-Expose-Headers", EXPOSED)
        return response

    app.before_request(answer_preflight)
    app.after_request(allow_all if origins == "*" else allow_named)


def headers_of_unread(origins: Origins | None) -> dict[str, str]:
    """Return the headers of an answer whose request could not be parsed, not even its Origin."""
    if origins == "*":
        return {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": EXPOSED}
    return {"Vary": "Origin"} if origins else {}


def _is_preflight() -> bool:
    """Return whether the request is a preflight for an existing address."""
    environ = request.environ
    return (
        "HTTP_ORIGIN" in environ
        and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
        # No view is for OPTIONS, so an address that exists is one that allows other methods.
        and isinstance(request.routing_exception, MethodNotAllowed)
    )
