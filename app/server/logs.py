"""gunicorn's log, in the format of the application's."""

from __future__ import annotations

import logging
from typing import Any

from gunicorn.glogging import Logger

from app.observability.logs import FORMATTERS, Format


class JsonLogger(Logger):  # type: ignore[misc]  # gunicorn is written without types
    """Writes JSON objects."""

    form: Format = "json"

    def setup(self, cfg: Any) -> None:
        """Set up as gunicorn does, then the format of its lines and the filter of client data."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(FORMATTERS[self.form]())
        if _belittle not in self.error_log.filters:
            self.error_log.addFilter(_belittle)


class TextLogger(JsonLogger):
    """Writes text for people."""

    form: Format = "text"


def _belittle(record: logging.LogRecord) -> bool:
    """Remove client data from a record.

    A silent client gets one line, not an error with a traceback. An error is logged by its type:
    its text repeats data of a request. So do debug messages of workers, which are left out.
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
