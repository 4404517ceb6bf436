"""Documents in a folder, which all servers of a store must share."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from app.store.contents.errors import ContentAway
from app.store.contents.values import PIECE, Pieces
from app.store.database.private_files import FILE_MODE, make_folder, sync_folder

_UNFINISHED = ".part"


class Folder:
    """Files of one document each, below a folder for each first two digits of the SHA-256."""

    scheme = "file:"

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def address(self) -> str:
        """Where it is."""
        return f"{self.scheme}{self._root}"

    def write(self, sha256: bytes, pieces: Iterable[bytes], size: int) -> str:
        """Write a file beside, and rename it once it is on disk. Raises ContentAway."""
        del size
        digest = sha256.hex()
        name = f"{digest[:2]}/{digest}-{secrets.token_hex(8)}"
        path = self._root / name
        with _away():
            make_folder(path.parent)
            unfinished = path.with_name(path.name + _UNFINISHED)
            try:
                _write(unfinished, pieces)
                unfinished.rename(path)
            except BaseException:
                unfinished.unlink(missing_ok=True)
                raise
            sync_folder(path.parent)
            sync_folder(self._root)
        return self.scheme + name

    def read(self, location: str) -> Iterator[bytes]:
        """Return a file in pieces. Raises ContentAway."""
        with _away():
            file = self._path(location).open("rb")
        return Pieces(_pieces(file), file.close)

    def has(self, location: str) -> bool:
        """Return whether a file is there. Raises ContentAway."""
        with _away():
            return self._path(location).is_file()

    def remove(self, location: str) -> None:
        """Remove a file. Raises ContentAway."""
        with _away():
            self._path(location).unlink(missing_ok=True)

    def list_older(self, moment: datetime) -> Iterator[str]:
        """Return the locations of files by their time of change. Raises ContentAway."""
        with _away():
            for path in self._root.glob("??/*"):
                with suppress(FileNotFoundError):  # It was removed meanwhile.
                    if path.stat().st_mtime < moment.timestamp():
                        yield self.scheme + path.relative_to(self._root).as_posix()

    def _path(self, location: str) -> Path:
        return self._root / location.removeprefix(self.scheme)


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.writelines(pieces)
        file.flush()
        os.fsync(file.fileno())


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with _away():
        while piece := file.read(PIECE):
            yield piece


@contextmanager
def _away() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ContentAway(f"{type(error).__name__}: {error.strerror}") from error
