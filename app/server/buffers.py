"""Buffers in memory and beyond that in an unnamed temporary file, on a disk that may be full."""

from __future__ import annotations

from contextlib import suppress
from tempfile import TemporaryFile
from typing import IO, Any

from waitress.buffers import FileBasedBuffer, OverflowableBuffer, TempfileBasedBuffer


class Spool(OverflowableBuffer):  # type: ignore[misc]  # waitress is written without types
    """A buffer whose `append` may raise OSError, and whose `close` never does.

    After such an error it can only be closed.
    """

    buf: Any

    def _set_large_buffer(self) -> None:
        before, file = self.buf, TemporaryFile()  # noqa: SIM115 - closed by `close`
        try:
            self.buf = _File(file, before)
        except BaseException:
            _close(file)
            raise
        if before is not None:
            before.close()
        self.overflowed = True

    def close(self) -> None:
        """Remove what it holds."""
        # A file is closed also where its last bytes can't be written.
        with suppress(OSError):
            super().close()


class _File(TempfileBasedBuffer):  # type: ignore[misc]
    """Writes into a given file."""

    def __init__(self, file: IO[bytes], before: FileBasedBuffer | None) -> None:
        FileBasedBuffer.__init__(self, file, before)


def _close(file: IO[bytes]) -> None:
    with suppress(OSError):
        file.close()
