"""Errors of backups, and of the place where one is to be restored."""

from __future__ import annotations


class BackupError(Exception):
    """A backup can't be made, verified or restored. The text is one line with the reason."""
