"""Files of forms that the framework reads: in memory, the larger ones in temporary files."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final, cast

from flask import Request

#: Bytes of a file that are in memory.
_IN_MEMORY: Final = 500 * 1024


class FormRequest(Request):
    """A request whose files are closed at its end, also those of a form that was not read whole."""

    @cached_property
    def _form_files(self) -> list[FormFile]:
        return []

    def _get_file_stream(self, *_told: Any, **_more: Any) -> IO[bytes]:
        """Return what a file is written to, which raises OSError if the disk is full."""
        file = FormFile(max_size=_IN_MEMORY)
        self._form_files.append(file)
        return cast(IO[bytes], file)

    def close(self) -> None:
        """Close the files; called at the end of each request."""
        super().close()
        for file in self._form_files:
            file.close()


class FormFile(SpooledTemporaryFile[bytes]):
    """A file of a form."""

    def close(self) -> None:
        """Remove it."""
        # It is closed also where its last bytes can't be written.
        with suppress(OSError):
            super().close()
