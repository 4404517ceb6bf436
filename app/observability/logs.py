"""Log lines: each a JSON object, or text for developers.

They contain no data from clients. An exception is logged with its type and place, without its text,
which may repeat a part of the request.
"""

from __future__ import annotations

import logging
import sys
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from time import time
from typing import Any, Literal, TextIO

import orjson
from flask import has_request_context, request

Format = Literal["json", "text"]

#: The WSGI key of a request's id.
REQUEST_ID = "tanbahana.request_id"
#: The attribute of a record with additional fields.
FIELDS = "fields"


def described(record: logging.LogRecord) -> dict[str, Any]:
    """Return the fields of a line besides time, level, logger and message."""
    fields = dict(record.__dict__.get(FIELDS, ()))
    if "request_id" not in fields and has_request_context():
        fields["request_id"] = request.environ.get(REQUEST_ID)
    if record.exc_info and record.exc_info[0]:
        kind, _, frames = record.exc_info
        fields["error"] = kind.__name__
        fields["where"] = [
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(frames)
        ]
    return fields


class Formatter(logging.Formatter):
    """A line format. The library's own would print the text of an exception."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record."""
        message, fields = record.getMessage(), described(record)
        return self.compose(record.created, record.levelname, record.name, message, fields)

    def compose(
        self, moment: float, level: str, logger: str, message: str, fields: dict[str, Any]
    ) -> str:
        """Format a line from these parts; `moment` is in seconds since 1970."""
        raise NotImplementedError


class JsonFormatter(Formatter):
    """A JSON object: time (ISO 8601, UTC), level, logger, message, and the record's fields."""

    def compose(
        self, moment: float, level: str, logger: str, message: str, fields: dict[str, Any]
    ) -> str:
        """Format a line; a lone surrogate becomes `?`."""
        line = {
            "time": datetime.fromtimestamp(moment, UTC),
            "level": level,
            "logger": logger,
            "message": message,
            **fields,
        }
        try:
            return orjson.dumps(line, option=orjson.OPT_UTC_Z).decode()
        except TypeError:
            line["message"] = message.encode(errors="replace").decode()
            return orjson.dumps(line, default=str, option=orjson.OPT_UTC_Z).decode()


class TextFormatter(Formatter):
    """A line for people, with the fields after the message."""

    def compose(
        self, moment: float, level: str, logger: str, message: str, fields: dict[str, Any]
    ) -> str:
        """Format a line, in local time."""
        local = datetime.fromtimestamp(moment).astimezone().isoformat(" ", "milliseconds")
        pairs = [f"{name}={value}" for name, value in fields.items() if value is not None]
        return " ".join([f"{local} {level} {logger}: {message}", *pairs])


FORMATTERS: dict[Format, type[Formatter]] = {"json": JsonFormatter, "text": TextFormatter}


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to the current stderr."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)
        self.form: Formatter = JsonFormatter()

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # it is an attribute there
        """Return stderr."""
        return sys.stderr


_STDERR = _Stderr()


def log_to_stderr(level: str, form: Format) -> None:
    """Log messages of the application, and warnings of libraries.

    `app.server.logs` handles gunicorn's own lines.
    """
    _STDERR.form = FORMATTERS[form]()
    _STDERR.setFormatter(_STDERR.form)
    if _STDERR not in logging.root.handlers:
        logging.root.addHandler(_STDERR)
    logging.getLogger("app").setLevel(level.upper())
    # The development server's lines of requests have paths and query strings in them.
    werkzeug = logging.getLogger("werkzeug")
    if _has_no_arguments not in werkzeug.filters:
        werkzeug.addFilter(_has_no_arguments)
    # A line that can't be written is dropped: the library would print its arguments.
    logging.raiseExceptions = False


def write_line(logger: str, message: str, fields: dict[str, Any]) -> None:
    """Write a line regardless of LOG_LEVEL.

    It bypasses the library's loggers, which would take most of the time. A line that can't be
    written is dropped.
    """
    line = _STDERR.form.compose(time(), "INFO", logger, message, fields)
    with suppress(OSError, ValueError):
        sys.stderr.write(line + "\n")


def _has_no_arguments(record: logging.LogRecord) -> bool:
    return not record.args
