"""Hash trees in parts, so that a stored tree of many leaves need not be read to find siblings.

A part is 1024 leaves that follow each other, so that its root is a node of the whole tree. A
version's siblings are those within its part, and those of the part's root above it.
"""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

from app.cms.evidence_records.tree import HashLists, HashTree, group_leaf, level_above, size_of

_LEVELS: Final = 10
#: Leaves of each part but the last one, which may have fewer.
PART: Final = 1 << _LEVELS


@dataclass(frozen=True, slots=True)
class TreeParts:
    """A tree to be stored: the leaves of each part, sorted and joined.

    `firsts` are the first leaf of each part, `tops` the root of each, joined.
    """

    leaves: tuple[bytes, ...]
    firsts: bytes
    tops: bytes


def split_tree(tree: HashTree) -> TreeParts:
    """Return the parts of a tree."""
    size = size_of(tree.algorithm)
    joined = tree.levels[0]
    parts = [joined[start : start + PART * size] for start in range(0, len(joined), PART * size)]
    tops = tree.levels[min(_LEVELS, len(tree.levels) - 1)]
    return TreeParts(tuple(parts), b"".join([part[:size] for part in parts]), tops)


def split_values(values: bytes, algorithm: str) -> tuple[bytes, ...]:
    """Return joined hash values one by one. Raises UnsupportedAlgorithm."""
    size = size_of(algorithm)
    return tuple([values[start : start + size] for start in range(0, len(values), size)])


def find_part(members: bytes, firsts: bytes, algorithm: str) -> int:
    """Return the number of the part that a group is in, from 0, if it is a leaf of the tree.

    Raises what `group_leaf` raises.
    """
    leaf = group_leaf(split_values(members, algorithm), algorithm)
    return max(bisect_right(split_values(firsts, algorithm), leaf) - 1, 0)


def reduce_part(
    members: bytes, leaves: bytes, tops: bytes, number: int, algorithm: str
) -> HashLists:
    """Return the reducedHashtree of a group, joined hash values, of a part with that number.

    Raises LookupError if the group is no leaf of the part, ValueError, UnsupportedAlgorithm.
    """
    within = HashTree.of_sorted(leaves, algorithm).reduce(split_values(members, algorithm))
    return (*within, *[(one,) for one in _siblings_above(tops, number, algorithm)])


def _siblings_above(level: bytes, place: int, algorithm: str) -> list[bytes]:
    """Return what the root of a part is joined with on its way to the root of the tree."""
    size = size_of(algorithm)
    found = []
    while len(level) > size:
        start = (place ^ 1) * size
        if sibling := level[start : start + size]:
            found.append(sibling)
        level = level_above(level, algorithm)
        place //= 2
    return found
