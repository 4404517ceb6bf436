"""The errors of the family, and its two formats for them.

What NCANode's own code refuses is `{"status": …, "message": …}`. What its framework refuses before,
such as a request without a required field, has the format of Spring Boot; the sentence in it is
ours, in the place where Spring Boot writes one if it is told to.
"""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import NoReturn

from flask import Response, request
from werkzeug.exceptions import MethodNotAllowed, NotFound

from app.api.family import Problem
from app.api.json_response import json_answer
from app.api.ncanode3.moments import write_moment
from app.services.errors import ParameterError, UnsupportedMediaType


class KeyRefused(ParameterError):
    """A request that sends a private key, which this server never receives."""


class FieldNotSet(ParameterError):
    """A required field is missing."""


class OtherContent(ParameterError):
    """The content is not what was signed."""


class ContentNotAttached(ParameterError):
    """The content of a detached signature is needed, and was not sent."""


class PdfNotSigned(ParameterError):
    """A PDF has no signature."""


#: Statuses of the family's own refusals.
STATUSES: dict[type[Exception], int] = {
    KeyRefused: 403,
    FieldNotSet: 400,
    OtherContent: 400,
    ContentNotAttached: 400,
    PdfNotSigned: 404,
}
#: What Spring Boot answers before NCANode's code sees a request.
_OF_FRAMEWORK = (FieldNotSet, UnsupportedMediaType, NotFound, MethodNotAllowed)


def refuse_other_content() -> NoReturn:
    """Refuse content that was not signed. Raises OtherContent.

    The words in brackets are those by which clients of NCANode know this answer.
    """
    raise OtherContent(
        "Content is not what was signed (content hash found in signed attributes different)"
    )


def answer_error(problem: Problem) -> Response:
    """Answer with a problem."""
    if not isinstance(problem.error, _OF_FRAMEWORK):
        return json_answer({"status": problem.status, "message": problem.message}, problem.status)
    body = {
        "timestamp": write_moment(datetime.now(UTC)),
        "status": problem.status,
        "error": HTTPStatus(problem.status).phrase,
        "message": problem.message,
        "path": request.path,
    }
    return json_answer(body, problem.status)
