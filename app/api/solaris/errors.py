"""The format of the family's errors: the members of one, and a list with it."""

from __future__ import annotations

from typing import NamedTuple
from uuid import uuid4

from flask import Response

from app.api.family import Problem
from app.api.json_response import json_answer
from app.services.errors import ParameterError


class Kind(NamedTuple):
    """The fixed part of an error; the detail beside it is in the client's language."""

    code: str
    title: str


_BAD_PAGE = Kind("build_pagination_headers_failure", "Failed to build pagination headers.")
_GENERIC = Kind("generic_error", "Generic Error")
_KINDS = {
    400: Kind("bad_request", "Bad Request"),
    401: Kind("unauthorized_action", "Unauthorized Action"),
    403: Kind("unauthorized_action", "Unauthorized Action"),
    404: Kind("model_not_found", "Model Not Found"),
    405: Kind("method_not_allowed", "Method Not Allowed"),
    408: Kind("request_timeout", "Request Timeout"),
    413: Kind("payload_too_large", "Payload Too Large"),
    429: Kind("too_many_requests", "Too Many Requests"),
    431: Kind("request_header_fields_too_large", "Request Header Fields Too Large"),
    501: Kind("not_implemented", "Not Implemented"),
    503: Kind("service_unavailable", "Service Unavailable"),
}


def answer_error(problem: Problem) -> Response:
    """Answer with a problem."""
    kind = _KINDS.get(problem.status, _GENERIC)
    if isinstance(problem.error, ParameterError):
        kind = _BAD_PAGE
    error = {
        "id": str(uuid4()),
        "status": str(problem.status),
        "code": kind.code,
        "title": kind.title,
        "detail": problem.message,
    }
    return json_answer({**error, "errors": [error]}, problem.status)
