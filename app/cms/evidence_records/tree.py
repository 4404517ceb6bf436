"""Hash trees of evidence records (RFC 4998 section 4): one root over many groups of objects.

A leaf is the hash of an object, or of a group of them; a node is the hash of what is below it,
sorted as bytes and joined. There are no prefixes and no positions: siblings are enough to get from
a leaf to the root. Leaves are sorted here, each once, and paired from the left; a lone last one is
carried up. So the same leaves always have the same tree.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256, sha512
from itertools import groupby

from app.cms.algorithms.names import SHA_256, SHA_512, name
from app.cms.errors import UnsupportedAlgorithm

# Values of one list: members of a group, or timestamps of a chain.
MAX_VALUES = 10_000
# Lists of one tree: a tree over 2^63 leaves has 64.
MAX_LISTS = 64

Hash = Callable[[bytes], bytes]
HashLists = tuple[tuple[bytes, ...], ...]
"""A reducedHashtree: what leads from the first list, with its own objects, to the root."""


def _sha256(data: bytes) -> bytes:
    return sha256(data).digest()


def _sha512(data: bytes) -> bytes:
    return sha512(data).digest()


# Those that are written: tools that know those of Kazakhstan and write or read such records don't
# exist.
_HASHES = {SHA_256: _sha256, SHA_512: _sha512}
_SIZES = {SHA_256: 32, SHA_512: 64}


def hash_of(algorithm: str) -> Hash:
    """Return the hash function of a tree, by its dotted identifier. Raises UnsupportedAlgorithm."""
    if algorithm not in _HASHES:
        raise UnsupportedAlgorithm(name(algorithm))
    return _HASHES[algorithm]


def join_values(values: Iterable[bytes], hash_: Hash) -> bytes:
    """Return the node over hash values (section 4.2): of several the hash, of one itself."""
    listed = sorted(values)
    return listed[0] if len(listed) == 1 else hash_(b"".join(listed))


def group_leaf(members: Iterable[bytes], algorithm: str) -> bytes:
    """Return the leaf of a group of objects, each by its hash; a repeated one counts once.

    Raises ValueError if there is none, if there are more than MAX_VALUES, or if one has another
    size; UnsupportedAlgorithm.
    """
    hash_ = hash_of(algorithm)
    return join_values(_checked(members, algorithm), hash_)


def follow_lists(lists: HashLists, hash_: Hash) -> bytes:
    """Return the root to which a reducedHashtree leads (section 4.3, steps 2 and 3)."""
    value = join_values(lists[0], hash_)
    for values in lists[1:]:
        value = join_values((*values, value), hash_)
    return value


@dataclass(frozen=True, slots=True)
class HashTree:
    """A tree over leaves; each level is kept as its hash values one after the other.

    `levels` are from the leaves up to the root. They may be stored: a tree made of stored levels
    answers without hashing anything.
    """

    algorithm: str
    levels: tuple[bytes, ...] = field(repr=False)

    @classmethod
    def of_leaves(cls, leaves: Iterable[bytes], algorithm: str) -> "HashTree":
        """Build the tree over leaves in any order; a repeated one counts once.

        Raises ValueError if there is none, or if one has another size; UnsupportedAlgorithm.
        """
        listed = sorted(leaves)
        size = size_of(algorithm)
        if any(len(leaf) != size for leaf in listed):
            raise ValueError("a hash value has another size than its algorithm")
        return cls._build(b"".join(leaf for leaf, _ in groupby(listed)), algorithm)

    @classmethod
    def of_sorted(cls, leaves: bytes, algorithm: str) -> "HashTree":
        """Build the tree over leaves that are sorted and joined, as the first of `levels` is.

        Takes 60 ms for 65,536 leaves. Raises ValueError if they are not; UnsupportedAlgorithm.
        """
        size = size_of(algorithm)
        if len(leaves) % size:
            raise ValueError("a hash value has another size than its algorithm")
        above = b""
        for start in range(0, len(leaves), size):
            leaf = leaves[start : start + size]
            if leaf <= above:
                raise ValueError("the leaves are not sorted, each once")
            above = leaf
        return cls._build(leaves, algorithm)

    @classmethod
    def _build(cls, leaves: bytes, algorithm: str) -> "HashTree":
        if not leaves:
            raise ValueError("a tree has one leaf at least")
        levels = [leaves]
        while len(levels[-1]) > _SIZES[algorithm]:
            levels.append(level_above(levels[-1], algorithm))
        return cls(algorithm, tuple(levels))

    def __len__(self) -> int:
        """Return the number of leaves."""
        return len(self.levels[0]) // _SIZES[self.algorithm]

    @property
    def root(self) -> bytes:
        """What a timestamp is to cover."""
        return self.levels[-1]

    def siblings(self, leaf: bytes) -> tuple[bytes, ...]:
        """Return what a leaf is joined with on its way to the root. Raises LookupError."""
        size = _SIZES[self.algorithm]
        place = self._find(leaf)
        found = []
        for level in self.levels[:-1]:
            start = (place ^ 1) * size
            if sibling := level[start : start + size]:
                found.append(sibling)
            place //= 2
        return tuple(found)

    def reduce(self, members: Sequence[bytes]) -> HashLists:
        """Return the reducedHashtree of a group of objects, by their hashes.

        The first list has the group and nothing else, each later one a single sibling: Bouncy
        Castle hashes wider lists in another way than section 4.3 does, and rejects them. Raises
        LookupError if the group is no leaf of the tree, and what `group_leaf` raises.
        """
        leaf = group_leaf(members, self.algorithm)
        first = tuple(sorted(set(members)))
        return (first, *[(sibling,) for sibling in self.siblings(leaf)])

    def _find(self, leaf: bytes) -> int:
        """Return the place of a leaf among the leaves."""
        leaves, size = self.levels[0], _SIZES[self.algorithm]
        place = bisect_left(
            range(len(self)), leaf, key=lambda one: leaves[one * size : one * size + size]
        )
        if leaves[place * size : place * size + size] != leaf or not leaf:
            raise LookupError("the tree has no such leaf")
        return place


def level_above(level: bytes, algorithm: str) -> bytes:
    """Hash the pairs of a level; a lone last value is carried up. Raises UnsupportedAlgorithm."""
    size, hash_ = size_of(algorithm), hash_of(algorithm)
    paired = len(level) // (2 * size) * 2 * size
    above = []
    for start in range(0, paired, 2 * size):
        left, right = level[start : start + size], level[start + size : start + 2 * size]
        above.append(hash_(left + right if left < right else right + left))
    return b"".join(above) + level[paired:]


def size_of(algorithm: str) -> int:
    """Return the size of hash values in bytes. Raises UnsupportedAlgorithm."""
    hash_of(algorithm)
    return _SIZES[algorithm]


def _checked(members: Iterable[bytes], algorithm: str) -> set[bytes]:
    """Return the members of a group, each once. Raises ValueError."""
    found = set(members)
    if not 0 < len(found) <= MAX_VALUES:
        raise ValueError(f"a group has 1 to {MAX_VALUES} objects")
    if any(len(member) != _SIZES[algorithm] for member in found):
        raise ValueError("a hash value has another size than its algorithm")
    return found
