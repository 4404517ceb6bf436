"""The shapes of the family's answers."""

from flask import Response

from app.api.answers import json_answer
from app.api.families import Problem


def tell(problem: Problem) -> Response:
    """Answer with what is wrong."""
    return json_answer({"message": problem.message}, problem.status)
