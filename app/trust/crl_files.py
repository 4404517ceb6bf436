"""Large CRLs in files, mapped into memory, each with an index that all processes share.

A CA's list may have 20 MB. It is hashed in place, and its entries are sorted once, into a file that
all workers map. Sorting runs in a separate process, so that no request waits for the GIL meanwhile.
It happens at the first search: by then the signature of the list was verified, so a stranger can't
cause it. While there is no index, the list itself is searched, which takes milliseconds and gives
the same answer.

An index is used if it is complete (it contains the SHA-256 of its rows), if it belongs to that list
(it contains the list's SHA-256, which is also its name), and if only the user of this process can
have written it: that user owns it, and no other may write to it (0600). An attacker with that
user's rights could alter this program as well. A list is never trusted for its place in our folder:
each process verifies its signature once, which takes a tenth of a second.
"""

import fcntl
import hashlib
import logging
import mmap
import os
import stat
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from app.cms import (
    CRL_INDEX_DAMAGED,
    CRL_INDEX_PROGRAM,
    MAX_CRL_SIZE,
    CertificateList,
    CrlIndex,
    read_crl_index,
)
from app.store.database.private_files import make_folder
from app.trust.errors import UnreadableFile
from app.trust.files import UNFINISHED
from app.trust.tidying import INDEX, LOCK

# Bytes from which a list is mapped, and has its index in a file.
LARGE = 1024 * 1024
# Seconds that sorting a list may take, that others wait for it, and after which it is retried if it
# failed.
BUILD_SECONDS = 20.0
PATIENCE = 2.0
RETRY_AFTER = 60.0
_WAIT = 0.02

State: TypeAlias = tuple[int, int, int, int]
"""Identifies a file and the state of its content."""

_log = logging.getLogger(__name__)


def open_list(path: Path, folder: Path) -> CertificateList:
    """Read a large CRL (DER) in place; its file must never be modified, only replaced.

    Its index is kept in `folder`. Raises OSError, UnreadableFile or MalformedRevocation.
    """
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(handle).st_size
        if size > MAX_CRL_SIZE:
            raise UnreadableFile("larger than {limit} bytes", limit=MAX_CRL_SIZE)
        if not size:
            raise UnreadableFile("it is empty")
        data = mmap.mmap(handle, 0, access=mmap.ACCESS_READ)
        crl = CertificateList(data, _Index(os.dup(handle), data, folder))
    finally:
        os.close(handle)
    return crl


class _Index:
    """The index of one list, which is built or mapped on first use. Thread-safe."""

    def __init__(self, handle: int, data: mmap.mmap, folder: Path) -> None:
        """Take the list, as an open file and mapped, and where indexes are kept."""
        self._handle = handle
        self._data = data
        self._folder = folder
        self._rows: CrlIndex | None = None
        self._state: State | None = None
        self._is_damaged = False
        self._retry_at = 0.0
        self._lock = threading.Lock()
        weakref.finalize(self, os.close, handle)

    def __call__(self, start: int, stop: int) -> CrlIndex | None:
        """Return the rows; None if not available. Raises ValueError if entries are damaged."""
        if (self._rows is None or self._is_altered()) and self._lock.acquire(timeout=PATIENCE):
            try:
                if self._rows is None or self._is_altered():
                    self._rows = self._open() or self._make(start, stop)
            finally:
                self._lock.release()
        if self._is_damaged:
            raise ValueError("an entry of the CRL is malformed")
        return self._rows

    @cached_property
    def _digest(self) -> bytes:
        return hashlib.sha256(self._data).digest()

    @cached_property
    def _path(self) -> Path:
        return self._folder / f"{self._digest.hex()}{INDEX}"

    def _is_altered(self) -> bool:
        """Return whether the file was written to since it was checked: then it is checked again.

        A file that was removed or replaced stays unchanged for processes that have mapped it.
        """
        known, found = self._state, state_of(self._path)
        return known is not None and found is not None and known[0] == found[0] and known != found

    def _open(self) -> CrlIndex | None:
        """Map the index; None if there is none of that list that can be trusted."""
        self._state = state_of(self._path)
        try:
            data = _map_own(self._path)
        except (OSError, ValueError):  # Missing or empty.
            return None
        return None if data is None else read_crl_index(data, self._digest)

    def _make(self, start: int, stop: int) -> CrlIndex | None:
        """Have the index built, unless another process is building it or has just done so."""
        if self._is_damaged or time.monotonic() < self._retry_at:
            return None
        with suppress(OSError):  # Then there will be no index.
            make_folder(self._folder)
        with locked(self._path, PATIENCE) as is_ours:
            rows = self._open()
            if rows is None and is_ours:
                try:
                    self._is_damaged = not self._write(start, stop)
                    rows = self._open()
                except (OSError, subprocess.SubprocessError) as error:
                    _log.warning("REVOCATION_CACHE: a CRL can't be indexed: %s", error)
        if rows is None:
            self._retry_at = time.monotonic() + (RETRY_AFTER if is_ours else PATIENCE)
        return rows

    def _write(self, start: int, stop: int) -> bool:
        """Sort the list in another process, whose memory is then freed.

        Return False if the entries are damaged. Raises OSError or SubprocessError.
        """
        target, name = tempfile.mkstemp(prefix=UNFINISHED, dir=self._folder)
        try:
            done = subprocess.run(  # noqa: S603  # Our own program, and numbers.
                [sys.executable, "-I", "-S", CRL_INDEX_PROGRAM]
                + [str(number) for number in (self._handle, target, start, stop)],
                check=False,
                pass_fds=(self._handle, target),
                timeout=BUILD_SECONDS,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            if done.returncode == CRL_INDEX_DAMAGED:
                return False
            done.check_returncode()
            os.replace(name, self._path)
        finally:
            os.close(target)
            Path(name).unlink(missing_ok=True)
        return True


def state_of(path: Path) -> State | None:
    """Return the state of a file; None if it is missing or can't be examined."""
    with suppress(OSError):
        found = path.stat()
        return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
    return None


def _map_own(path: Path) -> mmap.mmap | None:
    """Map a file that only our own user can have written; None if another user can have.

    Raises OSError, or ValueError if it is empty.
    """
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        found = os.fstat(handle)
        is_own = found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        return mmap.mmap(handle, 0, access=mmap.ACCESS_READ) if is_own else None
    finally:
        os.close(handle)


@contextmanager
def locked(path: Path, seconds: float) -> Iterator[bool]:
    """Lock a file against other processes and threads.

    After `seconds` continue without the lock, and yield False. The lock is a file beside it, which
    stays. A folder that can't be written needs no lock.
    """
    try:
        handle = os.open(path.with_name(path.name + LOCK), os.O_CREAT | os.O_RDWR, 0o600)
    except OSError:
        yield True
        return
    try:
        deadline = time.monotonic() + seconds
        while not (is_ours := _try_lock(handle)) and time.monotonic() < deadline:
            time.sleep(_WAIT)
        yield is_ours
    finally:
        os.close(handle)


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # The file system has no locks.
        return True
    return True
