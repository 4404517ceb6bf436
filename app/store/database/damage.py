"""Errors by which a database reports that its files are damaged, and when one was last met."""

from __future__ import annotations

import sqlite3
import time
from weakref import WeakKeyDictionary

from sqlalchemy import Engine
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import OperationalError

#: Seconds for which a damage that was met is remembered: other requests may not touch that part.
REMEMBERED = 300.0
#: SQLite's primary codes of a damaged file (https://www.sqlite.org/rescode.html).
_SQLITE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
#: PostgreSQL's codes: data_corrupted, index_corrupted. Not all of class XX, whose internal_error
#: may be caused by one request.
_POSTGRESQL = ("XX001", "XX002")
#: PostgreSQL's class of errors of its system: a file that is missing or can't be read.
_SYSTEM = "58"
#: When an engine last met a damage, by the monotonic clock.
_MET_AT: WeakKeyDictionary[Engine, float] = WeakKeyDictionary()


def is_damage(error: BaseException | None) -> bool:
    """Return whether a driver's error reports damaged files."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in _SQLITE
    code = getattr(error, "sqlstate", None) or ""
    return code in _POSTGRESQL or code.startswith(_SYSTEM)


def note(engine: Engine, error: BaseException) -> None:
    """Record that an engine met a driver's error, if it reports damaged files."""
    if is_damage(error):
        _MET_AT[engine] = time.monotonic()


def forget(engine: Engine) -> None:
    """Discard what was met: the files are others now."""
    _MET_AT.pop(engine, None)


def was_met(engine: Engine) -> bool:
    """Return whether an engine met damaged files during the last minutes."""
    met_at = _MET_AT.get(engine)
    return met_at is not None and time.monotonic() - met_at < REMEMBERED


def translate(context: ExceptionContext) -> OperationalError | None:
    """Note a damage, and return it as an OperationalError; None for other errors.

    For SQLite's driver it is a DatabaseError, like many mistakes of a program; for that of
    PostgreSQL it is an OperationalError or an InternalError by itself.
    """
    error = context.original_exception
    if context.engine is not None:
        note(context.engine, error)
    if isinstance(error, sqlite3.Error) and is_damage(error):
        return OperationalError(context.statement, None, error, hide_parameters=True)
    return None
