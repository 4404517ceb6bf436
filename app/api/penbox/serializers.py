"""The formats of the family's answers."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Response

from app.api.family import Problem
from app.api.json_response import json_answer
from app.cms import iso_moment
from app.store.packages.progress import Progress
from app.store.packages.public_ids import PublicThread


def write_signature(
    thread: PublicThread, progress: Progress | None, *, qualified: bool, locale: str
) -> dict[str, Any]:
    """Return a thread; `progress` is that of its package, None if there are only drafts."""
    return {
        "id": thread.public_id,
        "name": (progress and progress.document_name) or thread.document,
        "status": _status(thread, progress),
        "created_at": iso_moment(thread.created_at),
        "updated_at": iso_moment(thread.updated_at),
        "key": f"{thread.document}/{thread.thread}",
        "items": progress.documents if progress else 1,
        "method": "qualified" if qualified else "electronic",
        "merge": thread.people > 1,
        "cost": None,
        "locale": locale,
    }


def _status(thread: PublicThread, progress: Progress | None) -> str:
    """Return whether the required signers have signed: without a package, all signers it names."""
    if progress is None:
        return "completed" if 0 < thread.signers == thread.signed else "pending"
    if progress.rescinded_at is not None:
        return "declined"
    if progress.signed >= progress.required:
        return "completed"  # Also if somebody declined before.
    return "declined" if progress.declined else "pending"


def answer_error(problem: Problem) -> Response:
    """Answer with a problem."""
    title = HTTPStatus(problem.status).phrase
    error = {"status": str(problem.status), "title": title, "detail": problem.message}
    return json_answer({"errors": [error]}, problem.status)
