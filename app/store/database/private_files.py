"""Files and folders for their owner alone: 0600 in 0700.

If root creates them, by a command beside a server that runs as another user, they belong to the
owner of the containing folder.
"""

from __future__ import annotations

import os
from pathlib import Path

FILE_MODE = 0o600
FOLDER_MODE = 0o700


def make_folder(folder: Path) -> None:
    """Create a folder and its missing parents. Raises OSError."""
    missing = []
    above = folder
    while not above.exists():
        missing.append(above)
        above = above.parent
    for one in reversed(missing):
        one.mkdir(mode=FOLDER_MODE, exist_ok=True)
        hand_over(one, one.parent)
    if not missing and not folder.is_dir():
        folder.mkdir()  # the next call reports the error


def hand_over(made: Path | int, folder: Path) -> None:
    """Set the owner of a new path or open file to that of a folder. Raises OSError."""
    if os.geteuid() == 0:
        owner = folder.stat()
        if owner.st_uid:
            os.chown(made, owner.st_uid, owner.st_gid)


def sync_folder(folder: Path) -> None:
    """Flush the entries of a folder to disk. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
