"""Canonical forms in memory: in pieces, once, with the places of the parts that may be left out."""

from __future__ import annotations

import re

from app.cms.xmldsig.canonical_budget import Budget

# Bytes of a piece.
_PIECE = 1_000_000
# Bytes of a mark, and more.
_LONGEST_MARK = 200


class Output:
    """A file for lxml's output, limited by several budgets. It notes where a mark is.

    Exclusive canonicalisation can make a document a thousand times larger.
    """

    def __init__(self, mark: re.Pattern[bytes], *budgets: Budget) -> None:
        self._mark = mark
        self._budgets = budgets
        self._latest = bytearray()
        self._octets = CanonicalOctets()

    def write(self, octets: bytes) -> None:
        """Append octets. Raises Undecided, which lxml propagates."""
        for budget in self._budgets:
            budget.spend(len(octets))
        for start in range(0, len(octets), _PIECE):  # A text comes as a whole.
            self._latest += octets[start : start + _PIECE]
            if len(self._latest) > _PIECE:
                # The end may be the beginning of a mark.
                self._keep(len(self._latest) - _LONGEST_MARK)

    def _keep(self, size: int) -> None:
        place = 0
        for mark in self._mark.finditer(self._latest):
            self._octets.append(bytes(self._latest[place : mark.start()]))
            self._octets.mark(int(mark[1]))
            place = mark.end()
        size = max(size, place)
        self._octets.append(bytes(self._latest[place:size]))
        del self._latest[:size]

    def finish(self) -> CanonicalOctets:
        """Return all that was written."""
        self._keep(len(self._latest))
        return self._octets


class CanonicalOctets:
    """A canonical form in pieces, so that it is in memory once; it may be read without some parts.

    A part begins and ends with a mark of the same number.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._pieces: list[bytes | int] = []

    def append(self, piece: bytes) -> None:
        """Add octets to the end."""
        self._pieces.append(piece)

    def mark(self, number: int) -> None:
        """Note that the part of that number begins here, or ends."""
        self._pieces.append(number)

    def __len__(self) -> int:
        """Return the number of octets, of all parts."""
        return sum(len(piece) for piece in self._pieces if isinstance(piece, bytes))

    def without(self, left_out: frozenset[int]) -> list[bytes]:
        """Return the octets, in pieces, but those of these parts."""
        kept: list[bytes] = []
        hidden: set[int] = set()
        for piece in self._pieces:
            if isinstance(piece, int):
                hidden ^= {piece} & left_out
            elif not hidden:
                kept.append(piece)
        return kept
