"""What reading one PDF may take. The child is told by its arguments, so each is a number."""

from __future__ import annotations

from dataclasses import dataclass

_MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one reading.

    `size` is that of the file, `inflated` the total of all that is unpacked, in bytes. `cpu` and
    `wall` are seconds. `depth` is that of trees, `objects` the number of those that are compared,
    `searched` of those in a file that is searched for what may show something else, `tokens` of
    those that are read to see whether a file can be read in one way only.
    """

    size: int = 64 * _MB
    inflated: int = 64 * _MB
    memory: int = 180 * _MB
    cpu: int = 6
    wall: int = 20
    pages: int = 5_000
    attachments: int = 65
    signatures: int = 32
    fields: int = 5_000
    depth: int = 32
    objects: int = 400_000
    searched: int = 50_000
    tokens: int = 1_500_000

    def memory_for(self, size: int) -> int:
        """Return the bytes of address space for a file of a size, which is held once beside it."""
        return self.memory + size


#: The limits of a server.
USUAL = Limits()
