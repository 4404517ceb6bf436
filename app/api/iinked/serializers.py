"""The formats of the family's answers: errors and packages."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response

from app.api.family import Problem
from app.api.iinked.errors import (
    InvalidSignBy,
    InvalidState,
    InvalidType,
    NameLength,
    NoDocuments,
    NoSigners,
)
from app.api.json_response import json_answer
from app.cms import iso_moment
from app.store.errors import (
    PackageExpired,
    PackageNotDraft,
    PackageNotFound,
    PackageNotSent,
    PackageRescinded,
)
from app.store.packages.records import PackageSummary

#: The family's codes for its own errors.
CODES: dict[type[Exception], str] = {
    PackageNotFound: "package_not_found",
    InvalidType: "package_invalid_type",
    InvalidState: "package_invalid_state",
    PackageNotDraft: "package_invalid_state",
    PackageNotSent: "package_invalid_state",
    PackageRescinded: "package_invalid_state",
    PackageExpired: "package_invalid_state",
    InvalidSignBy: "package_invalid_time_sign_by",
    NoDocuments: "package_add_no_documents",
    NoSigners: "package_add_no_signers",
    NameLength: "package_length_name",
}
#: The codes of all other errors, by status.
STATUS_CODES = {
    400: "invalid_request",
    401: "not_authenticated",
    403: "package_not_authorized",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "request_too_large",
    415: "unsupported_media_type",
    429: "too_many_requests",
    431: "request_head_too_large",
    500: "internal_error",
    501: "not_implemented",
    503: "service_unavailable",
}


def answer_error(problem: Problem) -> Response:
    """Answer with a problem."""
    code = CODES.get(type(problem.error)) if problem.error else None
    code = code or STATUS_CODES.get(problem.status, f"http_{problem.status}")
    return json_answer({"error": code, "message": problem.message}, problem.status)


def summary_shape(package: PackageSummary, organization: str | None) -> dict[str, Any]:
    """Return a package without its documents and signers, as in lists."""
    return {
        "packageId": package.public_id,
        "organizationId": organization,
        "memberId": package.member,
        "name": package.name,
        "timeSignBy": iso_moment(package.sign_by),
        "type": package.type,
        "state": package.state,
        "externalData": package.external_data and orjson.Fragment(package.external_data),
        "isExecuted": package.executed,
    }
