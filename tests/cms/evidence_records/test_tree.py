"""Hash trees: worked values, every number of leaves, and a million of them."""

import hashlib
import random
import subprocess
import sys
from pathlib import Path

import pytest

from app.cms.algorithms.names import SHA_1, SHA_256, SHA_512
from app.cms.errors import UnsupportedAlgorithm
from app.cms.evidence_records.tree import (
    MAX_VALUES,
    HashTree,
    follow_lists,
    group_leaf,
    hash_of,
)
from tests.cms.evidence_records.decades import GROUPS, hashes, tree_of

PROJECT = Path(__file__).parents[3]
ROOT = "e827e5b5e885045c05e9977774ee10e53ec26bf642b8e41c70a3ffab542dfcb5"
LEAVES = {
    "doc-2": "664b4034b8fc71c0322dbf8d32631aed9255598e90b3fc32e74760ff1346b83f",
    "group-4": "7d5c60876a6394c9d7c98a3c6a7497bd078cba8b26a71a6a77efa1d418906ab7",
    "doc-5": "9c6b7c975ab67a67353d0707137ce3459b8bca395085b21bde2f46b7583338c6",
    "doc-1": "bb0e4f49443794d901e8969ff11bd112e34208a0dcdf0e1eedb480cc9b3c7293",
    "doc-3": "f0d4c476cf15853d3e6e93439e5e036be70f6d6643311cc937bad1b6f26f8b71",
}
LEVELS = [
    list(LEAVES.values()),
    [
        "ecf9f1a2b38e01cdd7e6c2f9f81d6f3ec0b156c5f5c356d65f6239d84089d1d0",
        "5f5f552f75de9240d4ce5b74994afef583a16d56c32cc3ff75ef304f1d732673",
        LEAVES["doc-3"],
    ],
    ["001c7799e6bfbf7873e69f91416f099dd7b21d0d0d607b2910877f84ee989502", LEAVES["doc-3"]],
    [ROOT],
]


def random_leaves(count: int, algorithm: str = SHA_256) -> list[bytes]:
    """Make hash values that depend on their number alone."""
    size = hash_of(algorithm)(b"")
    return [random.Random(count).randbytes(len(size)) for count in range(count)]


def test_the_tree_is_the_one_that_was_worked_out() -> None:
    groups = {name: hashes(objects) for name, objects in GROUPS.items()}
    assert {name: group_leaf(one, SHA_256).hex() for name, one in groups.items()} == LEAVES
    tree = tree_of([*groups.values()])
    assert [level.hex() for level in tree.levels] == ["".join(level) for level in LEVELS]
    assert (tree.root.hex(), len(tree)) == (ROOT, 5)
    lists = {
        name: [[value.hex()[:8] for value in values] for values in tree.reduce(groups[name])]
        for name in ("doc-1", "group-4")
    }
    assert lists == {
        "doc-1": [["bb0e4f49"], ["9c6b7c97"], ["ecf9f1a2"], ["f0d4c476"]],
        "group-4": [["63b1a49e", "c063dda8", "dc426e09"], ["664b4034"], ["5f5f552f"], ["f0d4c476"]],
    }


@pytest.mark.parametrize("algorithm", [SHA_256, SHA_512])
def test_every_leaf_leads_to_the_root_whatever_their_number(algorithm: str) -> None:
    leaves = random_leaves(70, algorithm)
    for count in range(1, len(leaves) + 1):
        tree = HashTree.of_leaves(leaves[:count], algorithm)
        assert len(tree) == count
        for leaf in leaves[:count]:
            lists = tree.reduce([leaf])
            assert follow_lists(lists, hash_of(algorithm)) == tree.root
            assert lists[0] == (leaf,)
            assert all(len(values) == 1 for values in lists)
            assert len(lists) - 1 <= (count - 1).bit_length()


def test_neither_order_nor_repetition_of_leaves_matters() -> None:
    leaves = random_leaves(9)
    tree = HashTree.of_leaves(leaves, SHA_256)
    assert HashTree.of_leaves([*reversed(leaves), leaves[3]], SHA_256) == tree
    assert HashTree.of_sorted(b"".join(sorted(leaves)), SHA_256) == tree


def test_neither_order_nor_repetition_in_a_group_matters() -> None:
    members = random_leaves(3)
    leaf = group_leaf(members, SHA_256)
    assert leaf == hashlib.sha256(b"".join(sorted(members))).digest()
    assert group_leaf([*reversed(members), members[1]], SHA_256) == leaf
    tree = HashTree.of_leaves([leaf, b"x" * 32], SHA_256)
    assert tree.reduce([*members, members[0]]) == (tuple(sorted(members)), (b"x" * 32,))


def test_stored_levels_are_the_tree() -> None:
    leaves = random_leaves(21)
    tree = HashTree.of_leaves(leaves, SHA_256)
    stored = HashTree(SHA_256, tree.levels)
    assert [stored.siblings(leaf) for leaf in leaves] == [tree.siblings(leaf) for leaf in leaves]


def test_what_is_no_leaf_has_no_way_to_the_root() -> None:
    tree = HashTree.of_leaves(random_leaves(8), SHA_256)
    for other in (b"\0" * 32, b"\xff" * 32, tree.root):
        with pytest.raises(LookupError, match="the tree has no such leaf"):
            tree.reduce([other])
    for odd in (b"", tree.levels[0][:8], tree.levels[0]):
        with pytest.raises(LookupError):
            tree.siblings(odd)


def test_values_of_another_size_are_refused() -> None:
    for build in (
        lambda: HashTree.of_leaves([b"x" * 32, b"x" * 31], SHA_256),
        lambda: HashTree.of_sorted(b"x" * 33, SHA_256),
        lambda: group_leaf([b"x" * 32], SHA_512),
    ):
        with pytest.raises(ValueError, match="another size than its algorithm"):
            build()


def test_leaves_that_are_not_sorted_are_refused() -> None:
    for leaves in (b"b" * 32 + b"a" * 32, b"a" * 64):
        with pytest.raises(ValueError, match="not sorted, each once"):
            HashTree.of_sorted(leaves, SHA_256)


def test_groups_and_trees_have_something_in_them() -> None:
    with pytest.raises(ValueError, match="one leaf at least"):
        HashTree.of_leaves([], SHA_256)
    with pytest.raises(ValueError, match="one leaf at least"):
        HashTree.of_sorted(b"", SHA_256)
    for members in ([], random_leaves(MAX_VALUES + 1)):
        with pytest.raises(ValueError, match="a group has 1 to 10000 objects"):
            group_leaf(members, SHA_256)


def test_trees_are_by_sha_2_alone() -> None:
    with pytest.raises(UnsupportedAlgorithm, match="SHA-1 is not supported"):
        HashTree.of_leaves([b"x" * 20], SHA_1)
    with pytest.raises(UnsupportedAlgorithm, match=r"1\.2\.3 is not supported"):
        group_leaf([b"x" * 20], "1.2.3")


MILLION = """
import time
from hashlib import sha256
from app.cms.evidence_records.tree import HashTree
from tests.memory import peak

leaves = (sha256(b"%d" % number).digest() for number in range(1_000_000))
before, began = peak(), time.process_time()
tree = HashTree.of_leaves(leaves, "2.16.840.1.101.3.4.2.1")
built = time.process_time() - began
for number in range(0, 1_000_000, 1000):
    tree.siblings(sha256(b"%d" % number).digest())
print(built, time.process_time() - began - built, peak() - before)
"""


@pytest.mark.attacks
def test_a_million_leaves_take_seconds_and_little_memory() -> None:
    command = [sys.executable, "-c", MILLION]
    done = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True)
    built, searched, megabytes = map(float, done.stdout.split())
    assert built < 20
    assert searched < 1  # A thousand of them.
    assert megabytes < 300
