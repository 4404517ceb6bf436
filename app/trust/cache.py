"""REVOCATION_CACHE: OCSP responses and CRLs on disk, shared by all processes of a server.

Nothing in it is trusted: each reader verifies signature and time again.
"""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from app.cms import MAX_CRL_SIZE, CertificateList, MalformedRevocation, OcspResponse
from app.store.database.private_files import make_folder
from app.trust.crl_files import locked, state_of
from app.trust.errors import UnreadableFile
from app.trust.files import MAX_REVOCATION_SIZE, copy_crl, read_file, write_file
from app.trust.lists import draft, load_list, read_list, remember
from app.trust.tidying import INDEX, LIST, tidy

_log = logging.getLogger(__name__)


class Cache:
    """Cached responses and CRLs, by the names of their sources."""

    def __init__(self, folder: Path) -> None:
        """Take the folder, which is created when needed."""
        self._folder = folder

    def find(self, name: str) -> CertificateList | OcspResponse | None:
        """Return a cached entry of any age; None if there is none that can be read."""
        path = self._folder / name
        try:
            if path.suffix == LIST:
                return read_list(path, self._folder)
            state = path.stat()
            return _read_response(path, (state.st_ino, state.st_ctime_ns, state.st_size))
        except FileNotFoundError:
            return None
        except (OSError, UnreadableFile, MalformedRevocation) as error:
            _log.warning("REVOCATION_CACHE: %s can't be used: %s", name, error)
            return None

    def keep(self, name: str, data: bytes) -> None:
        """Store an entry in place of an older one. A folder that can't be written to is logged."""
        try:
            write_file(self._folder / name, data)
            tidy(self._folder, Path(name).suffix)
        except OSError as error:
            _log.warning("REVOCATION_CACHE: nothing can be kept: %s", error.strerror)

    @contextmanager
    def receive(self) -> Iterator[tuple[Path, BinaryIO]]:
        """Open a temporary file for a received CRL; removed unless adopted. Raises OSError."""
        with ExitStack() as stack:
            try:
                room = stack.enter_context(draft(self._folder))
            except OSError as error:
                _log.warning("REVOCATION_CACHE: nothing can be kept: %s", error.strerror)
                room = stack.enter_context(draft(Path(tempfile.gettempdir())))
            yield room

    def read(self, received: Path) -> CertificateList:
        """Read a received CRL, in PEM or DER; the file is left in DER.

        Raises OSError, UnreadableFile or MalformedRevocation.
        """
        with received.open("rb") as source:
            is_der = source.read(1) == b"\x30"
            source.seek(0)
            if not is_der:
                with draft(received.parent) as (decoded, target):
                    copy_crl(source, target, MAX_CRL_SIZE)
                    decoded.replace(received)
        return load_list(received, self._folder)

    def adopt(self, name: str, received: Path, crl: CertificateList) -> None:
        """Store a received CRL in place of an older one."""
        path = self._folder / name
        if received.parent != self._folder:
            return
        try:
            received.replace(path)
            state = state_of(path)
            if state:
                remember(path, state, crl)
            tidy(self._folder, path.suffix)
            tidy(self._folder, INDEX)
        except OSError as error:
            _log.warning("REVOCATION_CACHE: nothing can be kept: %s", error.strerror)

    def claim(self, name: str, seconds: float) -> AbstractContextManager[bool]:
        """Lock an entry, so that only one process fetches it at a time."""
        with suppress(OSError):  # Then nothing can be shared.
            make_folder(self._folder)
        return locked(self._folder / name, seconds)


@lru_cache(maxsize=256)
def _read_response(path: Path, state: tuple[int, int, int]) -> OcspResponse:
    """Read a response; the most recent ones are remembered."""
    del state
    return OcspResponse(read_file(path, MAX_REVOCATION_SIZE))
