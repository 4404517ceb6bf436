"""The slot of this process among a server's processes, and the folder of their shared metrics.

The processes of one server have slots: 0, 1, 2 and so on. A process in the slot of an ended one
continues its metrics, so there are never more files than there were processes at once, however
often workers are replaced.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

#: The environment variable from which the library reads the folder.
VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@dataclass
class _Process:
    """The state of this process; all of it is set by gunicorn's settings."""

    folder: Path | None = None
    place: int | None = None


_PROCESS = _Process()


def share(folder: Path) -> None:
    """Share metrics between this process and its children, in files of a folder.

    Call it before anything is counted; without it, each process counts for itself.
    """
    _PROCESS.folder = folder
    os.environ[VARIABLE] = str(folder)


def shared_folder() -> Path | None:
    """Return the shared folder; None if this process counts for itself."""
    return _PROCESS.folder


def take_place(place: int) -> None:
    """Set the slot of a new process."""
    _PROCESS.place = place


def name_of_place(place: int) -> str:
    """Return the name of a slot's files."""
    return f"w{place}"


def name_of_process() -> str:
    """Return the name of this process's files; the master has no slot."""
    return "master" if _PROCESS.place is None else name_of_place(_PROCESS.place)
