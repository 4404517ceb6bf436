"""Lines of the log: each one JSON object, or text for a developer's eyes.

What clients send stays out of them. Of an exception it is said what kind it is and where it was
raised, but not its text, which may repeat a part of the request.
"""

from __future__ import annotations

import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

import orjson
from flask import has_request_context, request

Format = Literal["json", "text"]

#: Where a request's id is kept while it is answered.
REQUEST_ID = "qoltanba.request_id"
#: The attribute of a record that has further fields of its line.
FIELDS = "fields"


def described(record: logging.LogRecord) -> dict[str, Any]:
    """Give the fields of a line beside time, level, logger and message."""
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


class JsonFormatter(logging.Formatter):
    """A JSON object: time (ISO 8601, UTC), level, logger, message, and the record's fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a line, whatever is in it: half a character of a surrogate pair becomes `?`."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **described(record),
        }
        try:
            return orjson.dumps(line, option=orjson.OPT_UTC_Z).decode()
        except TypeError:
            line["message"] = line["message"].encode(errors="replace").decode()
            return orjson.dumps(line, default=str, option=orjson.OPT_UTC_Z).decode()


class TextFormatter(logging.Formatter):
    """A line for people, with the fields behind the message."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Write a line."""
        record.message = record.getMessage()
        record.asctime = self.formatTime(record)
        fields = [f"{name}={value}" for name, value in described(record).items() if value]
        return " ".join([self.formatMessage(record), *fields])


FORMATTERS: dict[Format, type[logging.Formatter]] = {"json": JsonFormatter, "text": TextFormatter}


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to what is stderr at that moment."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # it is an attribute there
        """Give stderr."""
        return sys.stderr


_STDERR = _Stderr()


def log_to_stderr(level: str, form: Format) -> None:
    """Log what the application says, and the warnings of the libraries below it.

    gunicorn's own lines are the matter of `config.logs`.
    """
    _STDERR.setFormatter(FORMATTERS[form]())
    if _STDERR not in logging.root.handlers:
        logging.root.addHandler(_STDERR)
    logging.getLogger("app").setLevel(level.upper())
    # The development server's lines of requests have paths and query strings in them.
    werkzeug = logging.getLogger("werkzeug")
    if _has_no_arguments not in werkzeug.filters:
        werkzeug.addFilter(_has_no_arguments)
    # A line that can't be written is lost: the library would print its arguments.
    logging.raiseExceptions = False


def _has_no_arguments(record: logging.LogRecord) -> bool:
    return not record.args
