"""Where a CRL has the entries of a serial number, found at the least cost that there is."""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from app.cms.budget import Budget
from app.cms.revocation.crl_index import (
    Buffer,
    Rows,
    build_rows,
    find_offsets,
    has_unknown,
    join_rows,
    occurs,
    search,
)

# What it costs to walk 1,000 bytes of entries, to index them, to look for octets (see `budget`).
_COST_OF_WALK, _COST_OF_INDEX, _COST_OF_SEARCH = 48, 122, 2

Index: TypeAlias = Callable[[int, int], Rows | None]
"""What gives the index of the entries that stand from the first to the second offset.

None: it is not at hand, and may be the next time.
"""


class EntrySearch:
    """Looks for entries in a list, with the index that is given, or one that it makes itself.

    `has_unknown`: an entry has a critical extension that is not processed here. All are seen when
    the first number is looked for.
    """

    def __init__(self, data: Buffer, span: tuple[int, int], index: Index | None) -> None:
        """Take the list, and where its entries stand.

        `index` is asked for the index of the entries, each time that a serial number is looked for.
        """
        self.has_unknown = False
        self._data = data
        self._span = span
        self._index = index
        self._is_walked = False
        self._rows: Rows | None = None

    def pay(self, serial_number: int, budget: Budget) -> None:
        """Pay for what a look-up takes. Raises TooCostly."""
        if self._rows is not None:
            return
        start, stop = self._span
        budget.spend((stop - start) * _COST_OF_SEARCH // 1000)
        if not self._is_walked:
            budget.spend((stop - start) * _COST_OF_WALK // 1000)
        elif occurs(self._data, start, stop, serial_number):
            budget.spend((stop - start) * _COST_OF_INDEX // 1000)

    def find_offsets(self, serial_number: int) -> Iterable[int]:
        """Return the offsets of the entries that may have this serial number.

        Raises what `crl_index.walk` does.
        """
        rows = self._index(*self._span) if self._index else self._rows
        if rows is not None:
            self.has_unknown = has_unknown(rows)
            return find_offsets(rows, serial_number)
        if self._is_walked and not occurs(self._data, *self._span, serial_number):
            return ()
        if self._index or not self._is_walked:  # Else of damaged entries nothing would be told.
            offsets, self.has_unknown = search(self._data, *self._span, serial_number)
            self._is_walked = True
            return offsets
        # Where a second one is found, more will be looked for.
        self._rows = join_rows(build_rows(self._data, *self._span))
        return find_offsets(self._rows, serial_number)
