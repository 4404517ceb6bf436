"""The folder in which gunicorn's workers keep their shared metrics."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import tempfile
from pathlib import Path

from prometheus_client.multiprocess import mark_process_dead

from app.observability import worker_slots
from app.store.database import private_files

#: File names of the library, and those that it reads.
_WRITTEN = re.compile(r"(counter|gauge|histogram)_\w+\.db").fullmatch
_READ = "*.db"


def make_folder(given: Path | None) -> Path:
    """Create the given folder, or a private one, and empty it.

    Raises:
        SystemExit: it can't be created, or has a file that is no metrics file; the text is one
            line.
    """
    try:
        if given is None:
            return _temporary_folder()
        private_files.make_folder(given)
        for file in given.glob(_READ):
            if not _WRITTEN(file.name):
                raise SystemExit(f"{worker_slots.VARIABLE} must be a folder of its own: see {file}")
            file.unlink(missing_ok=True)
    except OSError as error:
        raise SystemExit(
            f"{worker_slots.VARIABLE} must be a folder that can be written to: {error.strerror}"
        ) from error
    return given


def _temporary_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="tanbahana-metrics-"))
    atexit.register(_remove, folder, os.getpid())
    return folder


def _remove(folder: Path, master: int) -> None:
    # Also called at the end of a worker.
    if os.getpid() == master:
        shutil.rmtree(folder, ignore_errors=True)


def forget(place: int) -> None:
    """Remove the values that hold only while a worker in that slot lives."""
    mark_process_dead(worker_slots.name_of_place(place))
