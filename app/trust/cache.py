"""REVOCATION_CACHE: answers of responders and CRLs on disk, shared by all processes of a server.

Nothing in it is trusted: whoever reads an answer checks signature and time anew.
"""

import logging
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import lru_cache
from pathlib import Path

from app.cms.crls import CertificateList, MalformedRevocation
from app.cms.ocsp import OcspResponse
from app.trust.crl_files import INDEX, LARGE, companions, locked, open_list
from app.trust.errors import UnreadableFile
from app.trust.files import (
    MAX_REVOCATION_SIZE,
    UNFINISHED,
    read_crl_bytes,
    read_file,
    write_file,
)

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
        try:
            write_file(self._folder / name, data, mode=0o600)
            self._tidy(Path(name).suffix)
        except OSError as error:
            _log.warning("REVOCATION_CACHE: nothing can be kept: %s", error.strerror)

    @contextmanager
    def receive(self) -> Iterator[Path]:
        """Make room for a CRL that comes; what isn't kept is removed."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=UNFINISHED, suffix=".crl", dir=self._folder)
        except OSError as error:
            _log.warning("REVOCATION_CACHE: nothing can be kept: %s", error.strerror)
            handle, name = tempfile.mkstemp(suffix=".crl")
        os.close(handle)
        path = Path(name)
        try:
            yield path
        finally:
            for one in (path, *companions(path)):
                one.unlink(missing_ok=True)

    def adopt(self, name: str, received: Path) -> None:
        """Keep a CRL that was received, with its index, in place of an older one."""
        path = self._folder / name
        if received.parent != self._folder:
            return
        try:
            for one, other in zip(companions(received), companions(path), strict=True):
                if one.exists() and one.suffix == INDEX:
                    one.replace(other)
            received.replace(path)
            self._tidy(path.suffix)
        except OSError as error:
            _log.warning("REVOCATION_CACHE: nothing can be kept: %s", error.strerror)

    def claim(self, name: str, seconds: float) -> AbstractContextManager[None]:
        """Hold what a name stands for, so that only one process fetches it at a time."""
        with suppress(OSError):  # Then nothing can be shared.
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return locked(self._folder / name, seconds)

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
                for one in (path, *companions(path)):
                    one.unlink(missing_ok=True)


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # Another process tidies too.
        return time.time()


@lru_cache(maxsize=16)
def _read_crl(path: Path, state: tuple[int, int, int]) -> CertificateList | OcspResponse:
    """Read a CRL; the last ones are remembered, and with them that their signatures verify."""
    del state
    return read_list(path)


def read_list(path: Path) -> CertificateList:
    """Read a CRL in a file, which is mapped if it is large.

    Raises OSError, UnreadableFile or MalformedRevocation.
    """
    if path.stat().st_size < LARGE:
        return CertificateList(read_crl_bytes(read_file(path, MAX_REVOCATION_SIZE)))
    with path.open("rb") as file:
        is_pem = file.read(1) != b"\x30"
    if is_pem:
        write_file(path, read_crl_bytes(read_file(path, MAX_REVOCATION_SIZE)), mode=0o600)
    return open_list(path)


@lru_cache(maxsize=256)
def _read_response(path: Path, state: tuple[int, int, int]) -> CertificateList | OcspResponse:
    """Read a response; the last ones are remembered."""
    del state
    return OcspResponse(read_file(path, MAX_REVOCATION_SIZE))
