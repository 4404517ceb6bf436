"""Unnamed temporary files, in a folder that may be full."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from tempfile import TemporaryFile
from typing import IO

from app.store.errors import NoRoom


def spooled(pieces: Iterable[bytes]) -> IO[bytes]:
    """Return a temporary file with these pieces, written down, at its beginning.

    Raises:
        NoRoom: it can't be written; nothing is left of it.
    """
    file: IO[bytes] | None = None
    try:
        file = TemporaryFile()  # noqa: SIM115 - the caller closes it
        file.writelines(pieces)
        file.seek(0)
    except BaseException as error:
        if file is not None:
            close(file)
        if isinstance(error, OSError):
            raise NoRoom from error
        raise
    return file


def close(file: IO[bytes]) -> None:
    """Close a file that may be incomplete: what could not be written yet is dropped."""
    # It is closed also where that fails.
    with suppress(OSError):
        file.close()
