"""Files and folders for their owner alone: 0600 in 0700.

Where root makes them, by a command beside a server that runs as another user, they belong to the
owner of the folder that they are made in.
"""

from __future__ import annotations

import os
from pathlib import Path

FILE_MODE = 0o600
FOLDER_MODE = 0o700


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing. Raises OSError."""
    missing = []
    above = folder
    while not above.exists():
        missing.append(above)
        above = above.parent
    for one in reversed(missing):
        one.mkdir(mode=FOLDER_MODE, exist_ok=True)
        hand_over(one, one.parent)
    if not missing and not folder.is_dir():
        folder.mkdir()  # which says why it can't be one


def hand_over(made: Path | int, folder: Path) -> None:
    """Let what was made, a path or an open file, belong to a folder's owner. Raises OSError."""
    if os.geteuid() == 0:
        owner = folder.stat()
        if owner.st_uid:
            os.chown(made, owner.st_uid, owner.st_gid)


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on the disk. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
