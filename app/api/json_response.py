"""Complete JSON answers, for the formats of all families."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response
from werkzeug.datastructures import Headers

CONTENT_TYPE = "application/json; charset=utf-8"


class Answer(Response):
    """A complete answer with all headers: nothing has to be computed when it is sent."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        headers = Headers()
        headers.add("Content-Type", CONTENT_TYPE)
        headers.add("Content-Length", str(len(body)))
        super().__init__([body], status, headers)

    def get_wsgi_headers(self, _environ: dict[str, Any]) -> Headers:
        """Return the headers unchanged: none is an address, and no status lacks a body."""
        return self.headers


def json_answer(
    value: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with a value as JSON."""
    answer = Answer(orjson.dumps(value), status)
    if headers:
        answer.headers.update(headers)
    return answer
