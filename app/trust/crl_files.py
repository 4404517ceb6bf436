"""Large CRLs in files, mapped into memory, each with an index that all processes share.

An authority's list has 20 MB. It is hashed where it lies; its entries are sorted once, by a process
of its own, so that no request waits for Python's lock meanwhile, into a file beside it. That file
begins with the SHA-256 of the list and of its rows: a truncated or foreign index is made anew. The
folder belongs to the server alone (0700): whoever can write there could hide an entry from it.
"""

import fcntl
import hashlib
import mmap
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from app.cms.crl_index import MAX_SIZE, Rows
from app.cms.crls import CertificateList, MalformedRevocation
from app.trust.errors import UnreadableFile
from app.trust.files import write_file

# Bytes from which a list is mapped, and has its index in a file; below, a process keeps both.
LARGE = 1024 * 1024
INDEX = ".idx"
LOCK = ".lock"
# Seconds that sorting a list may take, and that others wait for who sorts it.
BUILD_SECONDS = 60.0
_WAIT = 0.05
_DIGEST = 32
_HEADER = 2 * _DIGEST
_PROJECT = Path(__file__).resolve().parents[2]


def open_list(path: Path) -> CertificateList:
    """Read a large CRL (DER) where it lies; its file must never be changed, only replaced.

    Raises OSError, UnreadableFile or MalformedRevocation.
    """
    data = _map(path)
    if len(data) > MAX_SIZE:
        raise UnreadableFile("larger than {limit} bytes", limit=MAX_SIZE)
    digest = hashlib.sha256(data).digest()
    index = path.with_name(path.name + INDEX)
    rows = _open_index(index, digest)
    if rows is None:
        with locked(index, BUILD_SECONDS):
            rows = _open_index(index, digest)
            if rows is None:
                _build_elsewhere(path)
                rows = _open_index(index, digest)
    if rows is None:
        raise MalformedRevocation("the CRL is malformed")
    return CertificateList(data, rows)


def companions(path: Path) -> tuple[Path, Path]:
    """Return the files that may stand beside a list: its index, and the lock of it."""
    return path.with_name(path.name + INDEX), path.with_name(path.name + INDEX + LOCK)


def _map(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        try:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError as error:  # It is empty.
            raise UnreadableFile("it is empty") from error


def _open_index(path: Path, digest: bytes) -> Rows | None:
    """Map an index; None if there is none of that list, or if it is damaged."""
    try:
        data = _map(path)
    except (OSError, UnreadableFile):
        return None
    if len(data) < _HEADER or len(data) % 8 or data[:_DIGEST] != digest:
        return None
    with memoryview(data) as whole, whole[_HEADER:] as rows:
        if hashlib.sha256(rows).digest() != data[_DIGEST:_HEADER]:
            return None
    return memoryview(data)[_HEADER:].cast("Q")


def _build_elsewhere(path: Path) -> None:
    """Let another process sort a list: it gives its memory back, and holds no lock of ours."""
    command = [sys.executable, "-m", __name__, str(path)]
    environment = {**os.environ, "PYTHONPATH": str(_PROJECT)}
    with suppress(subprocess.SubprocessError):
        subprocess.run(  # noqa: S603  # Our own program, and the name of a file.
            command,
            check=False,
            env=environment,
            timeout=BUILD_SECONDS,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def build(path: Path) -> None:
    """Write the index of the list in a file beside it. Raises OSError or MalformedRevocation."""
    data = _map(path)
    rows = CertificateList(data).build_index().tobytes()
    digests = hashlib.sha256(data).digest() + hashlib.sha256(rows).digest()
    write_file(path.with_name(path.name + INDEX), digests + rows, mode=0o600)


@contextmanager
def locked(path: Path, seconds: float) -> Iterator[None]:
    """Hold what a file stands for against other processes and threads, or go on after a while.

    The lock is a file beside it, which stays. A folder that can't be written needs no lock.
    """
    try:
        handle = os.open(path.with_name(path.name + LOCK), os.O_CREAT | os.O_RDWR, 0o600)
    except OSError:
        yield
        return
    try:
        deadline = time.monotonic() + seconds
        while not _try_lock(handle) and time.monotonic() < deadline:
            time.sleep(_WAIT)
        yield
    finally:
        os.close(handle)


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


if __name__ == "__main__":
    build(Path(sys.argv[1]))
