"""Pairs of tags as search keys: a number for each pair, in a narrow table of small rows.

A thread with few tags has a row for each pair of them, so that common tags that never occur
together need no scan. A thread with many tags would have too many rows: it has one for each tag, as
if paired with itself, and only such threads are searched for the other tag.

Numbers are digests: two pairs may collide by chance, or on purpose. So the tags of each match are
compared (`paging`).
"""

from __future__ import annotations

from collections.abc import Collection
from hashlib import sha256
from itertools import combinations

#: Tags of a thread up to which each pair is a row; migration 0007 has the same number.
MAX_PAIRED = 6


def pair(first: str, second: str) -> int:
    """Return the number of two tags, the lower one first, as PostgreSQL's `tag_pairs` does.

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
