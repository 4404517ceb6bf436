"""What canonicalising a document, and all other work on it, may cost: it is paid for first."""

from app.cms.verdict import unknown
from app.cms.xmldsig.canonical_forms import Undecided

# Budget for the signatures of one document. The unit is the time for canonicalising a byte, some 4
# ns, so the sum is 1 s. Ten million bytes with ten signatures cost half of it.
BUDGET = 250_000_000


class Budget:
    """What remains of a budget."""

    def __init__(self, whole: int | None = None) -> None:
        """Start with the whole budget, by default BUDGET."""
        self._left = BUDGET if whole is None else whole

    def renew(self) -> None:
        """Start again with BUDGET."""
        self._left = BUDGET

    def spend(self, cost: int) -> None:
        """Deduct `cost`. Raises Undecided if too little is left; after that nothing is left."""
        self._left -= cost
        if self._left < 0:
            raise Undecided(TOO_COSTLY)


TOO_COSTLY = unknown("the document costs too much to check")
"""The verdict on what costs more than there is left."""
