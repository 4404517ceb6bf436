"""By which two tags a thread is found: a number for each two, in a narrow table of small rows.

A thread of few tags has a row for each two of them, so that tags which are common and never meet
need not be followed. One of many tags would have too many rows: it has one for each tag, as if that
were paired with itself, and only such threads are looked through for the other tag.

Numbers are digests: two pairs may have the same one by chance, or because they were made so.
What they find is therefore asked for the tags themselves (`paging`).
"""

from __future__ import annotations

from collections.abc import Collection
from hashlib import sha256
from itertools import combinations

#: Tags of a thread of which each two are a row; migration 0007 has the same number.
MAX_PAIRED = 6


def pair(first: str, second: str) -> int:
    """Return the number of two tags, the lower one first; PostgreSQL's `tag_pairs` gives it too.

    Lower means by code points, which is the order of bytes in UTF-8.
    """
    digest = sha256(f"{first}\x01{second}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def pairs_of(tags: Collection[str]) -> list[int]:
    """Return the numbers of the rows of a thread with these tags."""
    each = sorted(set(tags))
    if len(each) > MAX_PAIRED:
        return [pair(tag, tag) for tag in each]
    return [pair(first, second) for first, second in combinations(each, 2)]
