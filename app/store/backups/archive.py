"""The file of a backup: a ZIP archive with a checksum, written once and checked as a whole."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, cast

from app.store.backups.errors import BackupError
from app.store.backups.manifest import MAX_SIZE, Manifest
from app.store.database.private_files import hand_over, sync_folder

MANIFEST = "manifest.json"
#: Prefix of the name of a file that is not complete yet.
UNFINISHED = ".new-"

_SEAL = b"sha256="
_DIGITS = 64
_PIECE = 1 << 20
#: Rows are repetitive text: a higher level takes much longer and saves little.
_EFFORT = 1


@contextmanager
def new_file(path: Path, *, replace: bool) -> Iterator[tuple[BinaryIO, Path]]:
    """Open a file that gets its name once it is complete and on disk, and else is removed.

    A symbolic link is followed.

    Raises BackupError if there is no such folder, or something of that name exists that may not be
    replaced; OSError.
    """
    path = Path(os.path.realpath(path))
    if not path.parent.is_dir():
        raise BackupError("there is no such folder")
    _require_regular(path)
    if not replace and path.exists():
        raise BackupError("it exists already; --replace overwrites it")
    handle, name = tempfile.mkstemp(prefix=UNFINISHED, dir=path.parent)
    written = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            hand_over(handle, path.parent)
            yield file, written
        if replace:
            written.replace(path)
        else:
            os.link(written, path)
        sync_folder(path.parent)
    except FileExistsError as error:
        raise BackupError("it was made by another process meanwhile") from error
    finally:
        written.unlink(missing_ok=True)


def _require_regular(path: Path) -> None:
    """Refuse a pipe, whose end might never come, or a device. Raises BackupError."""
    if path.exists() and not path.is_file():
        raise BackupError("it is not a regular file")


class _Sealed:
    """A write-only file whose last 64 bytes become the SHA-256, in hex, of all before."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._held = b""

    def write(self, data: bytes) -> int:
        """Write bytes, unless the file was closed: an abandoned archive stays incomplete."""
        if self._file.closed:
            return len(data)
        held = self._held + data
        whole, self._held = held[:-_DIGITS], held[-_DIGITS:]
        self._digest.update(whole)
        self._file.write(whole)
        return len(data)

    def flush(self) -> None:
        """Leave flushing to the operating system."""
        if not self._file.closed:
            self._file.flush()

    def seal(self) -> None:
        """Write the checksum; everything is on disk when this returns."""
        self._file.write(self._digest.hexdigest().encode())
        self._file.flush()
        os.fsync(self._file.fileno())


class Writer:
    """Writes an archive: its parts one by one, then the manifest."""

    def __init__(self, file: BinaryIO) -> None:
        self._sealed = _Sealed(file)
        self._archive = zipfile.ZipFile(
            cast(BinaryIO, self._sealed),  # It needs no `seek`.
            "w",
            zipfile.ZIP_DEFLATED,
            compresslevel=_EFFORT,
        )

    def add(self, member: str, pieces: Iterable[bytes]) -> tuple[int, int, str]:
        """Add a part; return how many pieces and bytes those were, and their SHA-256."""
        digest, count, size = hashlib.sha256(), 0, 0
        with self._archive.open(member, "w", force_zip64=True) as part:
            for piece in pieces:
                digest.update(piece)
                count, size = count + 1, size + len(piece)
                for start in range(0, len(piece), _PIECE):
                    part.write(piece[start : start + _PIECE])
                del piece  # The next one may be large, too.
        return count, size, digest.hexdigest()

    def finish(self, manifest: Manifest) -> None:
        """Add the manifest and the seal."""
        self.add(MANIFEST, [manifest.write()])
        self._archive.comment = _SEAL + b"0" * _DIGITS
        self._archive.close()
        self._sealed.seal()


class Archive:
    """An archive opened for reading, its checksum verified."""

    def __init__(self, path: Path) -> None:
        """Open a file. Raises BackupError if it is no backup or was altered; OSError."""
        _require_regular(path)
        self._file = path.open("rb")
        try:
            self._check_seal()
            self._archive = zipfile.ZipFile(self._file)
            self.manifest = self._read_manifest()
        except (zipfile.BadZipFile, KeyError, NotImplementedError) as error:
            self._file.close()
            raise BackupError("it is no backup of this program") from error
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._archive.close()
        self._file.close()

    def _check_seal(self) -> None:
        left = os.fstat(self._file.fileno()).st_size - _DIGITS
        if left < len(_SEAL):
            raise BackupError("it is no backup of this program")
        digest, end = hashlib.sha256(), b""
        while left > 0:
            piece = self._file.read(min(_PIECE, left))
            if not piece:
                raise BackupError("it became shorter while it was read")
            digest.update(piece)
            left -= len(piece)
            end = (end + piece)[-len(_SEAL) :]
        if end != _SEAL:
            raise BackupError("it is no backup of this program, or not whole")
        if self._file.read() != digest.hexdigest().encode():
            raise BackupError("it was altered: its SHA-256 is not what it was")

    def _read_manifest(self) -> Manifest:
        with self._archive.open(MANIFEST) as part:
            data = part.read(MAX_SIZE + 1)
        if len(data) > MAX_SIZE:
            raise BackupError("its manifest is too large")
        return Manifest.read(data)

    def lines(self, member: str, sha256: str) -> Iterator[bytes]:
        """Return the lines of a part. Raises BackupError at the end if their digest differs."""
        with self._archive.open(member) as part:
            yield from _checked(iter(part.readline, b""), member, sha256)

    def pieces(self, member: str, sha256: str) -> Iterator[bytes]:
        """Return the contents of a part, in pieces. Raises BackupError as `lines` does."""
        with self._archive.open(member) as part:
            yield from _checked(iter(lambda: part.read(_PIECE), b""), member, sha256)


def _checked(pieces: Iterable[bytes], member: str, sha256: str) -> Iterator[bytes]:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
        yield piece
        del piece  # The next one may be large, too.
    if digest.hexdigest() != sha256:
        raise BackupError(f"{member} in it is not what its manifest says")
