"""Start and stop of a server: what it checks, reports, and cleans up."""

from __future__ import annotations

import errno
import os
import socket
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from app.store.database import addresses, arrival
from app.store.database import engine as database
from app.store.database.private_files import FOLDER_MODE
from app.store.migrations import HEAD
from app.store.migrations.steps import read_step
from app.trust import folder
from app.trust.stored import StoredAuthorities
from config.settings import Settings, SettingsError

#: Seconds for which a port may still belong to a server that is stopping.
PATIENCE = 4.0
_ROUND = 0.2


def require_access_control(settings: Settings, bound: Iterable[object]) -> None:
    """Require tokens, ALLOW_OPEN, or that a server is bound to this machine's own addresses alone.

    Args:
        settings: of the server.
        bound: what sockets are bound to, or will be: a host and a port; anything else is no address
            of a network.

    Raises:
        SystemExit: the text is one line that names the address.
    """
    try:
        settings.require_access_control([str(one[0]) for one in bound if isinstance(one, tuple)])
    except SettingsError as error:
        raise SystemExit(str(error)) from error


def name_address(bound: object) -> str:
    """Return what a socket is bound to, as an operator writes it."""
    if isinstance(bound, tuple):
        host, port = bound[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    path = os.fsdecode(bound) if isinstance(bound, bytes) else str(bound)
    return "unix:" + path.replace("\0", "@")


def require_ports(given: Iterable[object], patience: float = PATIENCE) -> None:
    """Require that each address can be listened on, now or soon.

    Args:
        given: pairs of host and port; other kinds of sockets are left to gunicorn.
        patience: seconds for which one may still be in use.

    Raises:
        SystemExit: one can't be; the text is one line with the address and the reason.
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
    """Return why an address can't be listened on, as gunicorn would; None if it can."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address[:2])
    except OSError as error:
        return error
    return None


def await_database(settings: Settings, warn: Callable[[str], None]) -> None:
    """Wait for PostgreSQL for a while; without it a server starts anyway, and answers 503."""
    try:
        arrival.wait(
            settings.database_url, settings.database_wait, settings.databases.host_variable
        )
    except arrival.NotThere as error:
        warn(str(error))


@dataclass(frozen=True, slots=True)
class Found:
    """What a server finds at start: a description of its database, and the number of anchors.

    `stored` are those in the database, None if it can't be read; `filed` those in TRUST_DIR.
    """

    database: str
    stored: int | None
    filed: int

    @property
    def is_anchored(self) -> bool:
        """Whether there may be an anchor."""
        return (self.stored, self.filed) != (0, 0)


def examine(settings: Settings) -> Found:
    """Examine the database and TRUST_DIR.

    With a separate connection: none is left that forked processes would share, and none is counted.
    """
    url, schema = settings.database_url, settings.database_schema
    named = addresses.describe(url, schema)
    filed = folder.count_anchors(settings.trust_folder)
    options = database.engine_options(url, schema, 1, settings.statement_timeout)
    engine = create_engine(url, **options)
    database.prepare(engine)
    try:
        with engine.connect() as connection:
            step = read_step(connection)
        stored = len(StoredAuthorities(engine).current().anchors)
    except SQLAlchemyError:
        return Found(f"{named}, which can't be reached", None, filed)
    finally:
        engine.dispose()
    if step is None:
        return Found(f"{named}, which is not migrated", stored, filed)
    instead = "" if step == HEAD else f" instead of {HEAD}"
    return Found(f"{named}, step {step}{instead}", stored, filed)


def describe(found: Found, settings: Settings, places: str) -> str:
    """Describe in one line what is served: database, number of anchors, what is public, and where.

    `places` are the addresses that the server listens at.
    """
    if found.stored is None:
        anchors = f"{found.filed} in TRUST_DIR, those in the database are not known"
    else:
        apart = f"{found.stored} in the database, {found.filed} in TRUST_DIR"
        anchors = f"{found.stored + found.filed} ({apart})"
    return (
        f"serving {found.database}; trust anchors: {anchors}; {_describe_access(settings)}; "
        f"at {places}"
    )


def describe_callers(settings: Settings, places: str) -> str | None:
    """Return in one line who may call without a token; None if nobody may."""
    if settings.auth:
        return None
    who = "every client" if settings.allow_open else "every process of this machine"
    return f"AUTH is off: {who} that can reach {places} may read, save and delete signatures"


def describe_evidence(found: Found, settings: Settings) -> str | None:
    """Return in one line why no evidence is obtained, or not for all; None if it is."""
    if settings.evidence == "off":
        return "evidence is off: EVIDENCE=off"
    if not settings.has_evidence:
        return "evidence is off: EVIDENCE is auto, and REVOCATION is not online"
    if not found.is_anchored:
        return "evidence waits: nothing can be proven without a trust anchor"
    if not settings.stamping_addresses:
        return "evidence waits for signatures without a timestamp: TSA_URL is not set"
    return None


def _describe_access(settings: Settings) -> str:
    if settings.auth:
        return "open: health and the API's description; all else needs a token"
    if settings.allow_open:
        return "open: everything, without a token, to all who reach it"
    return "open: everything, without a token, to this machine alone"


def close_folder(folder: Path) -> bool:
    """Restrict a folder to its owner, if that is this user; return whether it was not before."""
    try:
        found = folder.stat()
        if found.st_uid != os.geteuid() or not found.st_mode & 0o077:
            return False
        folder.chmod(FOLDER_MODE)
    except OSError:  # Missing, or on a disk without modes.
        return False
    return True


def tidy_up(url: URL) -> None:
    """Checkpoint the write-ahead log of a SQLite file: it is then complete by itself.

    If other processes still use it, the last of them does so.
    """
    if url.get_backend_name() != "sqlite" or not Path(f"{url.database}-wal").exists():
        return
    address = f"{Path(str(url.database)).absolute().as_uri()}?mode=rw"
    with suppress(sqlite3.Error), closing(sqlite3.connect(address, uri=True)) as last:
        last.execute("PRAGMA wal_checkpoint(TRUNCATE)")
