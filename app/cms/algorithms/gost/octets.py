"""Types shared by all hash implementations."""

from collections.abc import Sequence
from mmap import mmap
from typing import Protocol, TypeAlias

Octets: TypeAlias = bytes | bytearray | memoryview | mmap
"""What can be hashed. The items of a memoryview are octets."""


class HashFunction(Protocol):
    """A hash function."""

    def __call__(self, *data: Octets) -> bytes:
        """Hash what may come in several pieces, one after the other."""


def join(pieces: Sequence[Octets]) -> Octets:
    """Return what came in pieces as one."""
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
