"""Lines of the log: each one JSON object, or text for a developer's eyes.

What clients send stays out of them. Of an exception it is said what kind it is and where it was
raised, but not its text, which may repeat a part of the request.
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

#: Where a request's id is kept while it is answered.
REQUEST_ID = "tanbahana.request_id"
#: The attribute of a record that has further fields of its line.
FIELDS = "fields"


def described(record: logging.LogRecord) -> dict[str, Any]:
    """Return the fields of a line beside time, level, logger and message."""
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
    """A form of lines. The library's own would print the text of an exception."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a line about a record."""
        message, fields = record.getMessage(), described(record)
        return self.compose(record.created, record.levelname, record.name, message, fields)

    def compose(
        self, moment: float, level: str, logger: str, message: str, fields: dict[str, Any]
    ) -> str:
        """Write a line of these parts; `moment` is in seconds since 1970."""
        raise NotImplementedError


class JsonFormatter(Formatter):
    """A JSON object: time (ISO 8601, UTC), level, logger, message, and the record's fields."""

    def compose(
        self, moment: float, level: str, logger: str, message: str, fields: dict[str, Any]
    ) -> str:
        """Write a line, whatever is in it: half a character of a surrogate pair becomes `?`."""
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
    """A line for people, with the fields behind the message."""

    def compose(
        self, moment: float, level: str, logger: str, message: str, fields: dict[str, Any]
    ) -> str:
        """Write a line, in the local time."""
        local = datetime.fromtimestamp(moment).astimezone().isoformat(" ", "milliseconds")
        told = [f"{name}={value}" for name, value in fields.items() if value is not None]
        return " ".join([f"{local} {level} {logger}: {message}", *told])


FORMATTERS: dict[Format, type[Formatter]] = {"json": JsonFormatter, "text": TextFormatter}


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to what is stderr at that moment."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)
        self.form: Formatter = JsonFormatter()

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # it is an attribute there
        """Return stderr."""
        return sys.stderr


_STDERR = _Stderr()


def log_to_stderr(level: str, form: Format) -> None:
    """Log what the application says, and the warnings of the libraries below it.

    gunicorn's own lines are the matter of `app.server.logs`.
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
    # A line that can't be written is lost: the library would print its arguments.
    logging.raiseExceptions = False


def say(logger: str, message: str, fields: dict[str, Any]) -> None:
    """Write a line that is wanted whatever LOG_LEVEL says.

    It goes past the loggers of the library, which take twice the time of all else about it. A line
    that can't be written is lost.
    """
    line = _STDERR.form.compose(time(), "INFO", logger, message, fields)
    with suppress(OSError, ValueError):
        sys.stderr.write(line + "\n")


def _has_no_arguments(record: logging.LogRecord) -> bool:
    return not record.args
