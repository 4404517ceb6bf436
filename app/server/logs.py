"""gunicorn's log, in the form of the application's."""

from __future__ import annotations

import logging
from typing import Any

from gunicorn.glogging import Logger

from app.observability.logs import FORMATTERS, Format


class JsonLogger(Logger):  # type: ignore[misc]  # gunicorn is written without types
    """Writes JSON objects."""

    form: Format = "json"

    def setup(self, cfg: Any) -> None:
        """Set up what gunicorn does, then the form of its lines, and what may not stand in them."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(FORMATTERS[self.form]())
        if _belittle not in self.error_log.filters:
            self.error_log.addFilter(_belittle)


class TextLogger(JsonLogger):
    """Writes text for people."""

    form: Format = "text"


def _belittle(record: logging.LogRecord) -> bool:
    """Take out of a record what comes from a client.

    A client that falls silent is worth a line, no error with a traceback. An error is told by its
    kind: its text repeats what was read of a request. So does what workers tell for debugging,
    which is left out.
    """
    if record.levelno == logging.DEBUG and record.module != "arbiter":
        return False
    if str(record.msg).startswith("Socket error"):
        record.exc_info = None
        record.levelno, record.levelname = logging.INFO, "INFO"
    if isinstance(record.args, tuple):
        record.args = tuple(
            type(value).__name__ if isinstance(value, BaseException) else value
            for value in record.args
        )
    return True
