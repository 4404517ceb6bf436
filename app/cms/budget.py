"""What verifying one signature may cost, whoever made it.

A unit is one check of a signature value, or so many bytes that are hashed for it: with GOST 4 ms or
1 ms. The content itself and what the operator supplies are not counted.
"""

from collections.abc import Hashable

UNIT_BYTES = 1024
# An NCA's person needs 3 units, a timestamp with its authority the first time 9, an authority 3.
MAX_UNITS = 128
MAX_UNITS_PER_SIGNER = 8


class Budget:
    """What is left of the units of one signature, over all its signers."""

    def __init__(self, signers: int = 1) -> None:
        """Give each of that many signers its part."""
        self._left = MAX_UNITS + signers * MAX_UNITS_PER_SIGNER
        self._paid: set[Hashable] = set()

    def spend(self, size: int) -> bool:
        """Pay for one check over `size` bytes, and tell whether there was enough left."""
        self._left -= 1 + size // UNIT_BYTES
        return self._left >= 0

    def spend_once(self, what: Hashable, size: int) -> bool:
        """Pay for something whose answer is remembered: the second time is free."""
        if what in self._paid:
            return True
        self._paid.add(what)
        return self.spend(size)
