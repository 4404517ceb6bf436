"""What can be wrong with a backup, or with where it is to be restored."""

from __future__ import annotations


class BackupError(Exception):
    """A backup can't be made, believed or restored. The text is one line that says why."""
