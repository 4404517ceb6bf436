"""REVOCATION_CACHE: answers of responders and CRLs on disk, shared by all processes of a server.

Nothing in it is trusted: whoever reads an answer checks signature and time anew.
"""

import logging
import os
import time
from functools import lru_cache
from pathlib import Path

from app.cms.crls import CertificateList, MalformedRevocation
from app.cms.ocsp import OcspResponse
from app.trust.errors import UnreadableFile
from app.trust.files import MAX_REVOCATION_SIZE, UNFINISHED, read_file, write_file
from app.trust.sources import read_answer

# Files of each kind; beyond these the oldest tenth goes.
MAX_FILES = {".ocsp": 4000, ".crl": 40}
# Seconds after which a file that somebody began to write, and never finished, goes too.
_ABANDONED = 3600

_log = logging.getLogger(__name__)


class Cache:
    """Answers by the names of their sources."""

    def __init__(self, folder: Path) -> None:
        """Take the folder, which is made when there is something to keep."""
        self._folder = folder

    def find(self, name: str) -> CertificateList | OcspResponse | None:
        """Give an answer, old or new; None if there is none that can be read."""
        path = self._folder / name
        try:
            state = path.stat()
            read = _read_crl if path.suffix == ".crl" else _read_response
            return read(path, (state.st_ino, state.st_ctime_ns, state.st_size))
        except FileNotFoundError:
            return None
        except (OSError, UnreadableFile, MalformedRevocation) as error:
            _log.warning("REVOCATION_CACHE: %s can't be used: %s", name, error)
            return None

    def keep(self, name: str, data: bytes) -> None:
        """Keep an answer in place of an older one. A folder that can't be written is logged."""
        path = self._folder / name
        try:
            write_file(path, data, mode=0o600)
            self._tidy(path.suffix)
        except OSError as error:
            _log.warning("REVOCATION_CACHE: nothing can be kept: %s", error.strerror)

    def _tidy(self, suffix: str) -> None:
        """Delete the oldest files of a kind if there are too many. Raises OSError."""
        with os.scandir(self._folder) as entries:
            paths = [Path(entry.path) for entry in entries]
        long_ago = time.time() - _ABANDONED
        for path in paths:
            if path.name.startswith(UNFINISHED) and _written(path) < long_ago:
                path.unlink(missing_ok=True)
        kept = [path for path in paths if path.suffix == suffix]
        limit = MAX_FILES[suffix]
        if len(kept) > limit:
            for path in sorted(kept, key=_written)[: len(kept) - limit + limit // 10]:
                path.unlink(missing_ok=True)


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # Another process tidies too.
        return time.time()


@lru_cache(maxsize=4)
def _read_crl(path: Path, state: tuple[int, int, int]) -> CertificateList | OcspResponse:
    """Read a CRL; the last ones are remembered, and with them that their signatures verify."""
    del state
    return read_answer(path.name, read_file(path, MAX_REVOCATION_SIZE))


@lru_cache(maxsize=256)
def _read_response(path: Path, state: tuple[int, int, int]) -> CertificateList | OcspResponse:
    """Read a response; the last ones are remembered."""
    del state
    return read_answer(path.name, read_file(path, MAX_REVOCATION_SIZE))
