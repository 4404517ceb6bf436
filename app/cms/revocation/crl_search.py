"""Search a CRL for the entries of a serial number, by the cheapest available way."""

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

# Cost of walking 1,000 bytes of entries, of indexing them, of searching for octets (see `budget`).
_COST_OF_WALK, _COST_OF_INDEX, _COST_OF_SEARCH = 48, 122, 2

Index: TypeAlias = Callable[[int, int], Rows | None]
"""A function that returns the index of the entries between two offsets.

None: not available yet, maybe next time.
"""


class EntrySearch:
    """Searches entries in a list, with the index that is given, or one that it builds itself.

    `has_unknown`: an entry has an unknown critical extension. Known after the first search.
    """

    def __init__(self, data: Buffer, span: tuple[int, int], index: Index | None) -> None:
        """Take the list, and the span of its entries.

        `index` is called for the index of the entries each time that a serial number is searched.
        """
        self.has_unknown = False
        self._data = data
        self._span = span
        self._index = index
        self._is_walked = False
        self._rows: Rows | None = None

    def pay(self, serial_number: int, budget: Budget) -> None:
        """Pay for a search. Raises TooCostly."""
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
        if self._index or not self._is_walked:  # Otherwise damaged entries would go unnoticed.
            offsets, self.has_unknown = search(self._data, *self._span, serial_number)
            self._is_walked = True
            return offsets
        # After a second number that occurs, more are to be expected.
        self._rows = join_rows(build_rows(self._data, *self._span))
        return find_offsets(self._rows, serial_number)
