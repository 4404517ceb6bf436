"""The certificates in the database, as each process holds them: refreshed every few seconds.

No request waits for that: they are read on first use, and afterwards in the background, by
`app.trust.examiner`. If that has not run for a while, since it is busy or does not exist, as in
Flask's development server, one request refreshes them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError, ProgrammingError, SQLAlchemyError

from app.cms import Certificate
from app.store.migrations.steps import is_missing
from app.store.trust_certificates import (
    Marks,
    StoredCertificate,
    list_certificates,
    read_marks,
)
from app.trust.adding import require_authority
from app.trust.errors import RefusedCertificate, UnreadableFile
from app.trust.files import read_certificates
from app.trust.folder import Filed

#: Seconds until a request refreshes them if the background does not.
BELIEVED = 15.0
#: The place of a certificate, where others have a file name.
DATABASE = "the database"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stored:
    """The certificates in the database; `unreadable` has those left out, with the reasons."""

    marks: Marks = ()
    anchors: Sequence[Filed[Certificate]] = ()
    intermediates: Sequence[Filed[Certificate]] = ()
    unreadable: dict[str, str] = field(default_factory=dict)


class StoredAuthorities:
    """The certificates in a database, with a delay of seconds. Thread-safe."""

    def __init__(self, engine: Engine) -> None:
        """Take the database, which is not used before it is needed."""
        self._engine = engine
        self._lock = threading.Lock()
        self._held: Stored | None = None
        self._refreshed_at = -BELIEVED

    def current(self) -> Stored:
        """Return the certificates; the same object until they change.

        Raises SQLAlchemyError if the database was never read, and can't be: without it a missing
        anchor would look like an untrusted one.
        """
        held = self._held
        if held is None:
            return self.refresh()
        is_believed = time.monotonic() - self._refreshed_at < BELIEVED
        # A thread that is reading may be waiting for a slow database to fail.
        if is_believed or not self._lock.acquire(blocking=False):
            return held
        try:
            return self._refresh()
        except SQLAlchemyError as error:
            _log.warning("trust anchors in the database can't be read: %s", type(error).__name__)
            return held
        finally:
            self._lock.release()

    def refresh(self) -> Stored:
        """Check whether the database has changed, and read it if so. Raises SQLAlchemyError."""
        with self._lock:
            return self._refresh()

    def _refresh(self) -> Stored:
        # Also after a failure: not every request has to find that out again.
        self._refreshed_at = time.monotonic()
        try:
            with self._engine.connect() as connection:
                marks = read_marks(connection)
                if self._held is None or self._held.marks != marks:
                    self._held = read_stored(list_certificates(connection))
        except (OperationalError, ProgrammingError) as error:
            # A database that was never migrated, or not that far, has none.
            if not is_missing(error):
                raise
            self._held = self._held or Stored()
        return self._held


def read_stored(rows: Sequence[StoredCertificate]) -> Stored:
    """Parse the certificates of a database; those that can't be are left out, and logged."""
    anchors: list[Filed[Certificate]] = []
    intermediates: list[Filed[Certificate]] = []
    unreadable = {}
    for row in rows:
        try:
            certificate = _read_certificate(row)
        except (UnreadableFile, RefusedCertificate) as error:
            name = f"{row.role} {row.sha256[:16]}"
            unreadable[name] = str(error)
            _log.warning("trust anchors in the database: %s is left out: %s", name, error)
            continue
        place = anchors if row.role == "anchor" else intermediates
        place.append(Filed(DATABASE, certificate.fingerprint, certificate))
    marks = tuple(sorted((row.sha256, row.role) for row in rows))
    return Stored(marks, tuple(anchors), tuple(intermediates), unreadable)


def _read_certificate(row: StoredCertificate) -> Certificate:
    """Parse a certificate, and repeat the checks of the command that stored it.

    Raises UnreadableFile or RefusedCertificate.
    """
    certificates = read_certificates(row.pem.encode(errors="replace"))
    if [one.fingerprint for one in certificates] != [row.sha256]:
        raise UnreadableFile("it is not the certificate whose SHA-256 it has")
    require_authority(certificates[0])
    return certificates[0]
