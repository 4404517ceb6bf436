"""What a server looks at when it starts, and says; what it tidies up when it stops."""

from __future__ import annotations

import errno
import os
import socket
import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path

from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from app.extensions import db
from app.store import addresses
from app.store.migrations import HEAD
from app.store.private_files import FOLDER_MODE
from app.store.steps import read_step
from app.trust import Trust, folder
from config.settings import Settings

#: Seconds for which a port may still belong to a server that is stopping.
PATIENCE = 4.0
_ROUND = 0.2


def require_ports(given: Iterable[object], patience: float = PATIENCE) -> None:
    """Demand that each address can be listened at, now or a moment later.

    Args:
        given: pairs of host and port; other kinds of sockets are left to gunicorn.
        patience: seconds for which one may be in use.

    Raises:
        SystemExit: one can't be; the text is one line that says which, and why.
    """
    deadline = time.monotonic() + patience
    for address in given:
        if not isinstance(address, tuple):
            continue
        while why := _find_obstacle(address):
            if why.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                host, port = address[:2]
                raise SystemExit(f"HOST {host} and PORT {port} can't be used: {why.strerror}")
            time.sleep(_ROUND)


def _find_obstacle(address: tuple[str, int]) -> OSError | None:
    """Return why an address can't be listened at, as gunicorn would; None if it can."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address[:2])
    except OSError as error:
        return error
    return None


def describe(app: Flask, settings: Settings) -> str:
    """Say in one line what is served: which database, how many anchors, and what is open.

    No connection is left, which forked processes would share.
    """
    with app.app_context():
        database = _describe_database(db.engine, settings)
    anchors = _describe_anchors(*count_anchors(app, settings))
    return f"serving {database}; trust anchors: {anchors}; {_describe_access(settings)}"


def count_anchors(app: Flask, settings: Settings) -> tuple[int | None, int]:
    """Return how many anchors are in the database, None if it can't be read, and in TRUST_DIR."""
    trust: Trust = app.extensions["trust"]
    filed = folder.count_anchors(settings.trust_folder)
    with app.app_context():
        try:
            return len(trust.stored.current().anchors) if trust.stored else 0, filed
        except SQLAlchemyError:
            return None, filed
        finally:
            db.engine.dispose()


def _describe_anchors(stored: int | None, filed: int) -> str:
    if stored is None:
        return f"{filed} in TRUST_DIR, those in the database are not known"
    return f"{stored + filed} ({stored} in the database, {filed} in TRUST_DIR)"


def _describe_database(engine: Engine, settings: Settings) -> str:
    named = addresses.describe(settings.database_url, settings.database_schema)
    try:
        with engine.connect() as connection:
            step = read_step(connection)
    except SQLAlchemyError:
        return f"{named}, which can't be reached"
    finally:
        engine.dispose()
    if step is None:
        return f"{named}, which is not migrated"
    return f"{named}, step {step}" if step == HEAD else f"{named}, step {step} instead of {HEAD}"


def _describe_access(settings: Settings) -> str:
    if settings.auth:
        return "open: health and the API's description; all else needs a token"
    if settings.allow_open:
        return "open: everything, without a token, to all who reach it"
    return "open: everything, without a token, to this machine alone"


def close_folder(folder: Path) -> bool:
    """Let a folder be for its owner alone, if that is this user; return whether it was not so."""
    try:
        found = folder.stat()
        if found.st_uid != os.geteuid() or not found.st_mode & 0o077:
            return False
        folder.chmod(FOLDER_MODE)
    except OSError:  # It isn't there, or on a disk without modes.
        return False
    return True


def tidy_up(url: URL) -> None:
    """Write into a SQLite file what is in its write-ahead log: it is whole without another file.

    If others still use it, they do so when the last of them ends.
    """
    if url.get_backend_name() != "sqlite" or not Path(f"{url.database}-wal").exists():
        return
    address = f"{Path(str(url.database)).absolute().as_uri()}?mode=rw"
    with suppress(sqlite3.Error), closing(sqlite3.connect(address, uri=True)) as last:
        last.execute("PRAGMA wal_checkpoint(TRUNCATE)")
