"""Keys of saves that are at work, in all processes of one server.

Each is a POSIX record lock on one byte of a file in memory that the workers inherit. The kernel
releases the locks of a process that is killed, so no key stays behind.
"""

from __future__ import annotations

import fcntl
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from flask import current_app

from app.store.errors import IdempotencyKeyInUse
from app.store.signatures.once import Once


class KeysAtWork:
    """The keys that are at work. Thread-safe; record locks alone don't exclude threads."""

    def __init__(self) -> None:
        self._file = os.memfd_create("tanbahana-saves")
        weakref.finalize(self, os.close, self._file)
        self._lock = Lock()
        self._held: set[int] = set()

    @contextmanager
    def hold(self, once: Once) -> Iterator[None]:
        """Hold the key of a save. Raises IdempotencyKeyInUse: another save holds it."""
        # An offset in a file has 63 bits.
        place = int.from_bytes(once.key_sha256[:8]) >> 2
        if not self._take(place):
            raise IdempotencyKeyInUse(field=once.field)
        try:
            yield
        finally:
            self._give_back(place)

    def _take(self, place: int) -> bool:
        with self._lock:
            if place in self._held:
                return False
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
            except (BlockingIOError, PermissionError):  # POSIX permits both
                return False
            self._held.add(place)
            return True

    def _give_back(self, place: int) -> None:
        with self._lock:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place)
            self._held.discard(place)


def current_keys() -> KeysAtWork:
    """Return the keys of the current application."""
    keys: KeysAtWork = current_app.extensions["keys at work"]
    return keys
