"""JSON answers that are whole: what every family's shapes are sent in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response
from werkzeug.datastructures import Headers

CONTENT_TYPE = "application/json; charset=utf-8"


class Answer(Response):
    """A whole answer, whose headers are complete: there is nothing to find out when it is sent."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        headers = Headers()
        headers.add("Content-Type", CONTENT_TYPE)
        headers.add("Content-Length", str(len(body)))
        super().__init__([body], status, headers)

    def get_wsgi_headers(self, _environ: dict[str, Any]) -> Headers:
        """Return the headers as they are: no address in them, no status without a body."""
        return self.headers


def json_answer(
    value: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with a value as JSON."""
    answer = Answer(orjson.dumps(value), status)
    if headers:
        answer.headers.update(headers)
    return answer
