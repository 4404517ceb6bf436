"""The report of a move: counts, and the ids of what is missing or peculiar."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from app.moving.original import Totals


class Kind(StrEnum):
    """A kind of entry, with its note; `lost` entries are not here."""

    UNDECRYPTABLE = "undecryptable"
    CONTRADICTORY = "contradictory"
    TAKEN = "taken"
    DIFFERENT = "different"
    MISSING = "missing"
    HEAD_DIFFERS = "head_differs"
    NO_SIGNATURE = "no_signature"
    MANY_TAGS = "many_tags"
    CONTINUED = "continued"

    @property
    def is_lost(self) -> bool:
        """Whether something of the original isn't here unchanged."""
        return self not in {Kind.NO_SIGNATURE, Kind.MANY_TAGS, Kind.CONTINUED}


#: The unit of each kind, and its note.
SENTENCES = {
    Kind.UNDECRYPTABLE: (
        "version",
        "that can't be decrypted with the key, left out with all of the thread",
    ),
    Kind.CONTRADICTORY: ("thread", "left out: versions aren't numbered below the current one"),
    Kind.TAKEN: ("thread", "left out: the id, or document and thread, is another thread's here"),
    Kind.DIFFERENT: ("thread", "here, but not as in the original; left as here"),
    Kind.MISSING: ("thread", "not here"),
    Kind.HEAD_DIFFERS: (
        "current version",
        "stored twice by the original, with a difference; the one that it answers is here",
    ),
    Kind.NO_SIGNATURE: ("version", "without a signature, here as in the original"),
    Kind.MANY_TAGS: ("thread", "with more or longer tags than a new save may have, all here"),
    Kind.CONTINUED: ("thread", "saved here again since"),
}


class Listed:
    """Threads, or versions of threads, by their ids; 16 bytes each."""

    def __init__(self) -> None:
        self._numbers = array("q")

    def add(self, signature_id: int, version: int = 0) -> None:
        """Add a thread, or one of its versions."""
        self._numbers.extend((signature_id, version))

    def __len__(self) -> int:
        return len(self._numbers) // 2

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self._numbers[::2], self._numbers[1::2], strict=True)


class Findings:
    """The findings of a move."""

    def __init__(self, totals: Totals) -> None:
        self.totals = totals
        #: Threads that this run added, and those that were compared and are equal.
        self.moved = 0
        self.compared_threads = 0
        self.compared_versions = 0
        #: Threads here that are not from the original.
        self.others = 0
        self.listed = {kind: Listed() for kind in Kind}

    @property
    def is_complete(self) -> bool:
        """Whether all of the original is here, unchanged."""
        lost = any(len(listed) for kind, listed in self.listed.items() if kind.is_lost)
        here = (self.compared_threads, self.compared_versions)
        return not lost and not self.totals.strays and here == self.totals[:2]

    def counts(self) -> dict[str, int]:
        """Return the numbers, by their names."""
        return {
            "threads": self.totals.threads,
            "versions": self.totals.versions,
            "stray_versions": self.totals.strays,
            "moved_now": self.moved,
            "threads_alike": self.compared_threads,
            "versions_alike": self.compared_versions,
            "other_threads_here": self.others,
        }

    def report(self) -> dict[str, Any]:
        """Return the findings as plain values; a thread is its id, a version [id, number]."""
        lists = {
            str(kind): [list(one) if one[1] else one[0] for one in listed]
            for kind, listed in self.listed.items()
        }
        return {"complete": self.is_complete, **self.counts(), **lists}
