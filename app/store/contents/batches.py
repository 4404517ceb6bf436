"""Items in batches, since a statement has only so many parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, TypeVar

#: Items of one statement.
BATCH: Final = 500
Item = TypeVar("Item")


def in_batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Return items in lists of at most BATCH."""
    rest = iter(items)
    while some := list(islice(rest, BATCH)):
        yield some
