"""Replacing the files of TRUST_DIR by those of a backup: all of them, or none."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

from app.store.database.private_files import hand_over, make_folder, sync_folder
from app.trust.errors import TrustError
from app.trust.files import UNFINISHED, open_regular
from app.trust.folder import INTERMEDIATES, list_files

#: Suffix of the name of a replaced file, which is no longer used.
SET_ASIDE = ".replaced"
_PIECE = 1 << 20

Read: TypeAlias = Callable[[str], Iterable[bytes]]


class FolderNotEmpty(TrustError):
    """TRUST_DIR has files that are not in a backup."""


def read_files(folder: Path) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Return each relevant file of TRUST_DIR, by its relative path, in pieces. Raises OSError.

    Files that are not regular are left out, as the server does.
    """
    for name in _list_regular(folder):
        with open_regular(folder / name) as file:
            yield name, iter(lambda file=file: file.read(_PIECE), b"")  # type: ignore[misc]


def _list_regular(folder: Path) -> list[str]:
    return [name for name, _ in list_files(folder) if (folder / name).is_file()]


def find_others(folder: Path, wanted: Mapping[str, str]) -> list[str]:
    """Return the files that differ from the wanted ones, by name and SHA-256. Raises OSError.

    Each of them would change what is trusted.
    """
    return [name for name in _list_regular(folder) if _digest(folder / name) != wanted.get(name)]


def _digest(path: Path) -> str:
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def replacing(
    folder: Path, wanted: Mapping[str, str], read: Read, *, replace: bool
) -> Iterator[Callable[[], None]]:
    """Yield a function that makes a folder have the wanted files, and no others.

    They are written to disk before. If anything fails after the function was called, and before the
    end of the block, it is undone.

    Args:
        folder: TRUST_DIR, which is created if needed.
        wanted: the SHA-256 of each file.
        read: returns the contents of a file, in pieces.
        replace: whether other files may be renamed to a name that is not used.

    Raises:
        FolderNotEmpty: there are other files, and `replace` is false.
        OSError: a file or the folder can't be written.
    """
    others = find_others(folder, wanted)
    if others and not replace:
        raise FolderNotEmpty(
            "TRUST_DIR ({folder}) has other files: {files}; --replace sets them aside",
            folder=folder,
            files=", ".join(others),
        )
    change = _Change(folder)
    try:
        for name in others:
            change.set_aside(name)
        for name in wanted.keys() - (set(_list_regular(folder)) - set(others)):
            change.stage(name, read(name))
        yield change.make
    except BaseException:
        change.undo()
        raise
    finally:
        change.tidy_up()


class _Change:
    """Renames in a folder that are done together, and can be undone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._renames: list[tuple[Path, Path]] = []
        self._drafts: list[Path] = []
        self._made: list[tuple[Path, Path]] = []
        places = (folder / INTERMEDIATES, folder)
        self._new_folders = [place for place in places if not place.exists()]

    def set_aside(self, name: str) -> None:
        """Rename a file to a name that is not used."""
        path = self._folder / name
        aside = path.with_name(path.name + SET_ASIDE)
        while aside.exists():
            aside = aside.with_name(aside.name + SET_ASIDE)
        self._renames.append((path, aside))

    def stage(self, name: str, pieces: Iterable[bytes]) -> None:
        """Write a file under a temporary name; it is on disk on return."""
        path = self._folder / name
        make_folder(path.parent)
        handle, draft = tempfile.mkstemp(prefix=UNFINISHED, dir=path.parent)
        self._drafts.append(Path(draft))
        with os.fdopen(handle, "wb") as file:
            hand_over(handle, path.parent)
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(handle)
        self._renames.append((Path(draft), path))

    def make(self) -> None:
        """Rename all files to their final names."""
        for old, new in self._renames:
            old.rename(new)
            self._made.append((old, new))
        for place in {new.parent for _, new in self._made}:
            sync_folder(place)

    def undo(self) -> None:
        """Rename all files to their former names."""
        for old, new in reversed(self._made):
            new.rename(old)

    def tidy_up(self) -> None:
        """Remove the temporary files."""
        for draft in self._drafts:
            draft.unlink(missing_ok=True)
        for place in self._new_folders:
            with suppress(OSError):  # On success it has files.
                place.rmdir()
