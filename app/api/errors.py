"""Mapping of errors to answers: the one table, and the handlers that use it."""

from __future__ import annotations

import errno
import logging
import re
import traceback
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from flask import Flask, Response, current_app, got_request_exception, request
from flask.globals import app_ctx
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException

from app.api import envelope
from app.api.family import Family, Problem, family_of_request
from app.auth import ScopeMissing, TagsOutOfReach, TokenNeeded
from app.closed import HostRefused, OriginRefused, PeerRefused, ProxyRefused
from app.cms import (
    MalformedEvidenceRecord,
    MalformedExtension,
    MalformedRevocation,
    MalformedSignature,
    Reason,
    Sentence,
    TooCostly,
    UnsupportedAlgorithm,
    UnverifiedSignature,
)
from app.observability.request_log import refused
from app.pdf.errors import UnreadablePdf
from app.rate_limit.errors import TooManyRequests, TooMuchComputing
from app.server_refusal import RefusedBelow
from app.services.errors import ContentTooLarge, ParameterError, UnsupportedMediaType
from app.services.translations import choose_wording
from app.store.contents.errors import ContentAway
from app.store.errors import (
    BatchTooSlow,
    ContentChanged,
    ContentNotKept,
    CosignersLost,
    EvidenceImpossible,
    EvidenceUnavailable,
    IdempotencyKeyInUse,
    IdempotencyKeyReused,
    LinkNotFound,
    NoRoom,
    PackageExpired,
    PackageNotDraft,
    PackageNotFound,
    PackageNotSent,
    PackageRescinded,
    PackageTooLarge,
    PersonNotFound,
    RecordNotMade,
    SearchesBusy,
    SignatureNotFound,
    VersionConflict,
    VersionNotSet,
)
from app.trust.turns import Busy

#: The status of each kind of refusal; a family provides its own (`Family.statuses`).
_STATUS: dict[type[Exception], int] = {
    ParameterError: 400,
    MalformedSignature: 400,
    MalformedExtension: 400,
    UnverifiedSignature: 400,
    CosignersLost: 400,
    ContentChanged: 400,
    MalformedEvidenceRecord: 400,
    MalformedRevocation: 400,
    UnsupportedAlgorithm: 400,
    TooCostly: 400,
    UnreadablePdf: 400,
    EvidenceImpossible: 400,
    VersionNotSet: 400,
    VersionConflict: 400,
    TokenNeeded: 401,
    ScopeMissing: 403,
    TagsOutOfReach: 403,
    OriginRefused: 403,
    HostRefused: 403,
    ProxyRefused: 403,
    PeerRefused: 403,
    SignatureNotFound: 404,
    LinkNotFound: 404,
    ContentNotKept: 404,
    RecordNotMade: 409,
    IdempotencyKeyInUse: 409,
    IdempotencyKeyReused: 422,
    PackageNotDraft: 400,
    PackageNotSent: 400,
    PackageRescinded: 400,
    PackageExpired: 400,
    PackageTooLarge: 400,
    PackageNotFound: 404,
    TooManyRequests: 429,
    TooMuchComputing: 429,
    PersonNotFound: 404,
    Busy: 503,
    ContentAway: 503,
    BatchTooSlow: 503,
    EvidenceUnavailable: 503,
    NoRoom: 503,
    SearchesBusy: 503,
    ContentTooLarge: 413,
    UnsupportedMediaType: 415,
}

#: Sentences for errors of the framework.
SENTENCES = {
    400: "Request is not acceptable",
    404: "There is nothing at this address",
    405: "Method is not allowed at this address",
    406: "Nothing here has a type that the request accepts",
    412: "The content here is not what the request names in If-Match",
    413: "Request body is too large",
    500: "Internal error",
    503: "Database is not available, try again later",
}

#: Sentences for refusals of the server.
BELOW = {
    400: Reason("Request is not well-formed HTTP"),
    408: Reason("Request did not arrive in time"),
    413: Reason(SENTENCES[413]),
    431: Reason("Request head is too large, parameters may come in the body"),
    500: Reason(SENTENCES[500]),
    501: Reason("Request body has a transfer coding that is not supported"),
    503: Reason("More is being sent than there is room for, try again later"),
}

#: The driver's errors for a database that is unavailable, starting, stopping, full, overloaded, or
#: (InternalError) a read-only standby.
DATABASE_AWAY = (OperationalError, InterfaceError, InternalError, PoolTimeoutError)
#: PostgreSQL's codes of a database that was never migrated: no such table, column, schema, or
#: function.
NOT_MIGRATED = ("42P01", "42703", "3F000", "42883")
#: Errors of the system when there is no room for a temporary file, or no descriptor.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE)
#: Seconds after which a client may retry.
RETRY_AFTER = 5

#: What may be a person's number, in case the database repeats a value.
_NUMBER = re.compile(r"[0-9]{12,}")

_log = logging.getLogger(__name__)


def statuses_of(families: Iterable[Family]) -> dict[type[Exception], int]:
    """Return the status of each kind of refusal that the families answer with."""
    own = (family.statuses for family in families)
    return {kind: status for table in (_STATUS, *own) for kind, status in table.items()}


def init_app(app: Flask, families: Iterable[Family]) -> None:
    """Make every error of the application use the format of its family."""
    for kind, status in statuses_of(families).items():
        app.register_error_handler(kind, partial(_refuse, status))
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(RefusedBelow, _answer_below)
    for away in DATABASE_AWAY:
        app.register_error_handler(away, _answer_away)
    app.register_error_handler(ProgrammingError, _answer_programming)
    app.register_error_handler(OSError, _answer_system)
    app.register_error_handler(Exception, _answer_unexpected)


def answer_error(
    template: str,
    status: int,
    values: Mapping[str, object] | None = None,
    *,
    error: Exception | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with an error, in the client's language and the family's format.

    Args:
        template: the sentence, in English, in `str.format` notation.
        status: the HTTP status.
        values: values of the sentence.
        error: the exception, by which a family chooses its code.
        headers: headers for the status.
    """
    wording = choose_wording(request)
    problem = Problem(status, wording.phrase(template, **(values or {})), error, headers or {})
    response = _error_page(problem) or _family_shape()(problem)
    response.headers["Content-Language"] = wording.language
    response.headers.update(problem.headers)
    return response


def _error_page(problem: Problem) -> Response | None:
    """Return a page about an error, for a browser that asked for a page; else None."""
    write: Callable[[Problem], Response | None] | None = current_app.extensions.get("error pages")
    return write(problem) if write else None


def _family_shape() -> Callable[[Problem], Response]:
    """Return the error writer of the address's family, that of the envelope for all others."""
    family = family_of_request()
    return family.answer_error if family else envelope.answer_error


def in_language(one: Sentence) -> str:
    """Return a sentence in the client's language."""
    return choose_wording(request).sentence(one)


def _refuse(status: int, error: Exception) -> Response:
    refused(request, type(error).__name__)
    refusal = _sentence_of(error)
    headers: Mapping[str, str] = getattr(error, "headers", {})
    if isinstance(error, ContentAway):
        _log.warning("a document is away: %s", error)
    return answer_error(refusal.template, status, refusal.values, error=error, headers=headers)


def _sentence_of(refusal: Exception) -> Sentence:
    """Return an error of a kind that the table has: each of these is a sentence."""
    return refusal  # type: ignore[return-value]  # Exception doesn't say so


def _answer_http(error: HTTPException) -> Response:
    refused(request, type(error).__name__)
    status = error.code or 500
    headers = {
        name: value
        for name, value in error.get_headers()
        if name not in ("Content-Type", "Content-Length")
    }
    return answer_error(SENTENCES.get(status, error.name), status, error=error, headers=headers)


def _answer_below(error: RefusedBelow) -> Response:
    refusal = error.refusal
    refused(request, refusal.reason)
    sentence = BELOW[refusal.status]
    return answer_error(sentence.template, refusal.status, headers=refusal.headers)


def describe_failure(
    error: Exception, statuses: Mapping[type[Exception], int]
) -> tuple[int, Sentence]:
    """Return the status and the sentence of an error in a part of a request; needs no request."""
    for kind in type(error).__mro__:
        if kind in statuses:
            return statuses[kind], _sentence_of(error)
    if isinstance(error, DATABASE_AWAY):
        _log_away(error)
        return 503, Reason(SENTENCES[503])
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        _log_no_room(error)
        return 503, BELOW[503]
    _log_unexpected(error)
    return 500, Reason(SENTENCES[500])


def _answer_away(error: Exception) -> Response:
    refused(request, "DatabaseAway")
    _log_away(error)
    return answer_unavailable(SENTENCES[503])


def _log_away(error: Exception) -> None:
    # The first line says why; the others repeat the statement.
    reason = _NUMBER.sub("…", str(error).partition("\n")[0])
    _log.warning("database is away: %s", reason)


def answer_unavailable(template: str) -> Response:
    """Answer that a retry may succeed."""
    return answer_error(template, 503, headers={"Retry-After": str(RETRY_AFTER)})


def _answer_programming(error: ProgrammingError) -> Response:
    not_migrated = getattr(error.orig, "sqlstate", None) in NOT_MIGRATED
    return _answer_away(error) if not_migrated else _answer_unexpected(error)


def _answer_system(error: OSError) -> Response:
    if error.errno not in NO_ROOM:
        return _answer_unexpected(error)
    refused(request, "NoRoom")
    _log_no_room(error)
    return answer_unavailable(BELOW[503].template)


def _log_no_room(error: OSError) -> None:
    _log.warning("there is no room, for instance for temporary files: %s", error.strerror)


def _answer_unexpected(error: Exception) -> Response:
    refused(request, "Unexpected")
    # As Flask does for unhandled exceptions: Sentry and similar tools listen.
    got_request_exception.send(app_ctx.app, exception=error)
    _log_unexpected(error)
    return answer_error(SENTENCES[500], 500)


def _log_unexpected(error: Exception) -> None:
    # The place, but not the error's text, which may repeat the request.
    frames = "".join(traceback.format_tb(error.__traceback__))
    _log.error("unexpected %s\n%s", type(error).__name__, frames)
