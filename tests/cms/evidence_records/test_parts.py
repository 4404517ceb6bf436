"""Hash trees in parts give the same siblings as whole ones."""

from __future__ import annotations

import pytest

from app.cms import (
    SHA_256,
    SHA_512,
    HashTree,
    find_part,
    group_leaf,
    reduce_part,
    split_tree,
    split_values,
)
from app.cms.evidence_records.parts import PART
from tests.cms.evidence_records.decades import hashes


@pytest.mark.parametrize("algorithm", [SHA_256, SHA_512])
@pytest.mark.parametrize(
    "count", [1, 2, 5, PART - 1, PART, PART + 1, PART + 5, 2 * PART, 5 * PART + 3]
)
def test_siblings_are_those_of_the_whole_tree(algorithm: str, count: int) -> None:
    groups = [hashes([b"%d" % number], algorithm) for number in range(count)]
    tree = HashTree.of_leaves([group_leaf(one, algorithm) for one in groups], algorithm)
    parts = split_tree(tree)
    assert b"".join(parts.leaves) == tree.levels[0]
    for group in {0: groups[0], 1: groups[-1], 2: groups[count // 2]}.values():
        members = b"".join(group)
        number = find_part(members, parts.firsts, algorithm)
        lists = reduce_part(members, parts.leaves[number], parts.tops, number, algorithm)
        assert lists == tree.reduce(group)


def test_a_group_of_several_is_split_again() -> None:
    members = sorted(hashes([b"a", b"b", b"c"]))
    assert split_values(b"".join(members), SHA_256) == tuple(members)
    tree = HashTree.of_leaves([group_leaf(members, SHA_256)], SHA_256)
    parts = split_tree(tree)
    joined = b"".join(members)
    assert reduce_part(joined, parts.leaves[0], parts.tops, 0, SHA_256) == tree.reduce(members)


def test_what_is_no_leaf_is_not_found() -> None:
    tree = HashTree.of_leaves(hashes([b"a", b"b"]), SHA_256)
    parts = split_tree(tree)
    [other] = hashes([b"another"])
    number = find_part(other, parts.firsts, SHA_256)
    with pytest.raises(LookupError):
        reduce_part(other, parts.leaves[number], parts.tops, number, SHA_256)
