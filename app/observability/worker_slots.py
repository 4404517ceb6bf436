"""Which of a server's processes this one is, and where they keep what they count in common.

The processes of one server take places: 0, 1, 2 and so on. Who takes the place of one that has
ended goes on counting where that one stopped, so that there are never more files than there were
processes at once, however often workers are replaced.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

#: Where the library looks for the folder.
VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@dataclass
class _Process:
    """What is known of this process; all of it is said by gunicorn's settings."""

    folder: Path | None = None
    place: int | None = None


_PROCESS = _Process()


def share(folder: Path) -> None:
    """Let this process and those that it begets count together, in files of a folder.

    To be called before something is counted; without it, each process counts for itself.
    """
    _PROCESS.folder = folder
    os.environ[VARIABLE] = str(folder)


def shared_folder() -> Path | None:
    """Return the folder that was agreed upon; None if this process counts for itself."""
    return _PROCESS.folder


def take_place(place: int) -> None:
    """Note, in a new process, which place it takes."""
    _PROCESS.place = place


def name_of_place(place: int) -> str:
    """Return what the files of a place are named by."""
    return f"w{place}"


def name_of_process() -> str:
    """Return what this process's files are named by; the master has no place."""
    return "master" if _PROCESS.place is None else name_of_place(_PROCESS.place)
