"""The certificates in the database, as each process has them: looked at every few seconds.

No request waits for that: they are read when they are first needed, and afterwards in the
background, by `app.trust.examiner`. Where that has not looked for a while, since it is at work or
there is none, as in Flask's development server, one request looks for all.
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

#: Seconds for which a look is believed where none is made in the background.
BELIEVED = 15.0
#: What stands for the file of a certificate.
DATABASE = "the database"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stored:
    """What was found in the database; `unreadable` has what was left out, and why."""

    marks: Marks = ()
    anchors: Sequence[Filed[Certificate]] = ()
    intermediates: Sequence[Filed[Certificate]] = ()
    unreadable: dict[str, str] = field(default_factory=dict)


class StoredAuthorities:
    """The certificates in a database, as it had them a moment ago. Safe to share by threads."""

    def __init__(self, engine: Engine) -> None:
        """Take the database, which is not asked before it is needed."""
        self._engine = engine
        self._lock = threading.Lock()
        self._held: Stored | None = None
        self._looked_at = -BELIEVED

    def current(self) -> Stored:
        """Return what the database has; the same object until that has changed.

        Raises SQLAlchemyError if it was never read, and can't be: without it is not known who is
        not trusted, either.
        """
        held = self._held
        if held is None:
            return self.look()
        is_believed = time.monotonic() - self._looked_at < BELIEVED
        # Who looks already may wait for a database that is slow to say that it is away.
        if is_believed or not self._lock.acquire(blocking=False):
            return held
        try:
            return self._look()
        except SQLAlchemyError as error:
            _log.warning("trust anchors in the database can't be read: %s", type(error).__name__)
            return held
        finally:
            self._lock.release()

    def look(self) -> Stored:
        """Look whether the database has changed, and read it if so. Raises SQLAlchemyError."""
        with self._lock:
            return self._look()

    def _look(self) -> Stored:
        # Also if it fails: not every request is to find that out by itself.
        self._looked_at = time.monotonic()
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
    """Read the certificates of a database; those that can't be are left out, and logged."""
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
    """Read a certificate, and check anew what the command has checked that stored it.

    Raises UnreadableFile or RefusedCertificate.
    """
    certificates = read_certificates(row.pem.encode(errors="replace"))
    if [one.fingerprint for one in certificates] != [row.sha256]:
        raise UnreadableFile("it is not the certificate whose SHA-256 it has")
    require_authority(certificates[0])
    return certificates[0]
