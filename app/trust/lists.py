"""CRLs in files: small ones are read, large ones mapped (`app.trust.crl_files`), and remembered.

A remembered list also remembers that its signature verifies, as long as its file is unchanged.
"""

import hashlib
import logging
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from app.cms import MAX_CRL_SIZE, CertificateList
from app.store.database.private_files import make_folder
from app.trust.crl_files import LARGE, State, open_list, state_of
from app.trust.files import (
    MAX_REVOCATION_SIZE,
    UNFINISHED,
    copy_crl,
    open_regular,
    read_crl_bytes,
    read_file,
)
from app.trust.tidying import COPY, INDEX, LIST, tidy

# CRLs that are remembered.
_MAX_KNOWN = 16

_known: OrderedDict[Path, tuple[State, CertificateList]] = OrderedDict()
_lock = threading.Lock()
_log = logging.getLogger(__name__)


def read_list(path: Path, folder: Path) -> CertificateList:
    """Read a CRL whose file is never modified, only replaced; an index may be kept in `folder`.

    Raises OSError, UnreadableFile or MalformedRevocation.
    """
    state = state_of(path)
    if state is None:
        raise FileNotFoundError(path)
    with _lock:
        known = _known.get(path)
        if known and known[0] == state:
            _known.move_to_end(path)
            return known[1]
    crl = load_list(path, folder)
    remember(path, state, crl)
    return crl


def load_list(path: Path, folder: Path) -> CertificateList:
    """Do the same, without remembering."""
    if path.stat().st_size < LARGE:
        return CertificateList(read_crl_bytes(read_file(path, LARGE)))
    return open_list(path, folder)


def remember(path: Path, state: State, crl: CertificateList) -> None:
    """Make `read_list` return this CRL for the file while the file is in that state."""
    with _lock:
        _known[path] = state, crl
        _known.move_to_end(path)
        if len(_known) > _MAX_KNOWN:
            _known.popitem(last=False)


@contextmanager
def draft(folder: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """Open a new temporary file for a CRL, in a folder that is created if needed.

    The file is removed unless it is renamed. Raises OSError.
    """
    make_folder(folder)
    with tempfile.NamedTemporaryFile(
        prefix=UNFINISHED, suffix=LIST, dir=folder, delete=False
    ) as file:
        path = Path(file.name)
        try:
            yield path, cast(BinaryIO, file)
        finally:
            path.unlink(missing_ok=True)


def bring(path: Path, folder: Path) -> tuple[str, CertificateList]:
    """Read a CRL that others may write to at any time; also return the SHA-256 of its DER.

    Truncating a mapped file kills the process. So of a large list a copy in `folder` is mapped,
    which all processes share. Raises UnreadableFile or MalformedRevocation.
    """
    state = state_of(path)
    try:
        if state and state[1] >= LARGE:
            return _bring_large(path, folder)
    except OSError as error:
        _log.warning("REVOCATION_CACHE: %s can't be copied to it: %s", path.name, error.strerror)
    der = read_crl_bytes(read_file(path, MAX_REVOCATION_SIZE))
    return hashlib.sha256(der).hexdigest(), CertificateList(der)


def _bring_large(path: Path, folder: Path) -> tuple[str, CertificateList]:
    """As `bring`, for a large CRL. Also raises OSError."""
    with open_regular(path) as source:
        sha256 = hashlib.file_digest(source, "sha256").hexdigest()
        kept = folder / (sha256 + COPY)
        if not _is_whole(kept, sha256):
            source.seek(0)
            with draft(folder) as (copy, file):
                sha256 = copy_crl(source, file, MAX_CRL_SIZE)
                kept = folder / (sha256 + COPY)
                if not _is_whole(kept, sha256):  # It may have been PEM.
                    copy.replace(kept)
            tidy(folder, COPY)
            tidy(folder, INDEX)
        return sha256, read_list(kept, folder)


def _is_whole(path: Path, sha256: str) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:  # Missing, or another user's.
        return False
