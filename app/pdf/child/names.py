"""A name tree (ISO 32000-1 section 7.9.6), and whether all programs find the same in it."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from pikepdf import Array, Dictionary, String

from app.pdf.child.opening import Refused, dictionary, entries
from app.pdf.limits import Limits


class Leaf(NamedTuple):
    """A key, and what it names."""

    key: String
    value: object


class NameTree:
    """The leaves of a tree, from left to right; `doubts` are names of what is not regular.

    `order`: the keys are not sorted, or one stands twice. `tree`: a node has no limits, or others
    than its keys, or is of no kind or of both.
    """

    def __init__(self, root: Dictionary, limits: Limits) -> None:
        """Read a tree. Raises Refused."""
        self._limits = limits
        self._seen: set[tuple[int, int]] = set()
        self.doubts: list[str] = []
        self.leaves: list[Leaf] = []
        self._read(root, 0)
        self._check_order()

    def _read(self, value: object, depth: int) -> None:
        """Read a node and those below it. Raises Refused."""
        node = dictionary(value)
        if node is None:
            raise Refused("damaged")
        limits = self._limits
        if depth > limits.depth or node.objgen in self._seen or len(self._seen) > limits.fields:
            raise Refused("complex")
        if node.is_indirect:
            self._seen.add(node.objgen)
        begin = len(self.leaves)
        held = entries(node.get("/Names"), 2 * limits.attachments + 2)
        if len(held) % 2 or ("/Names" in node) == ("/Kids" in node):
            self.doubts.append("tree")
        for key, one in zip(held[::2], held[1::2], strict=False):
            self._add(key, one)
        for kid in entries(node.get("/Kids"), limits.fields):
            self._read(kid, depth + 1)
        if depth or "/Limits" in node:
            self._check_limits(node.get("/Limits"), [leaf.key for leaf in self.leaves[begin:]])

    def _add(self, key: object, value: object) -> None:
        if not isinstance(key, String):
            raise Refused("damaged")
        if len(self.leaves) == self._limits.attachments:
            raise Refused("attachments")
        self.leaves.append(Leaf(key, value))

    def _check_limits(self, given: object, keys: list[String]) -> None:
        """Doubt a node whose limits are not its first and its last key: it may not be found."""
        written = list(given) if isinstance(given, Array) and len(given) == 2 else []
        found = [bytes(one) for one in written if isinstance(one, String)]
        if not keys or found != [bytes(keys[0]), bytes(keys[-1])]:
            self.doubts.append("tree")

    def _check_order(self) -> None:
        """Doubt keys that are not sorted, or are the same text: lookups rely on the order."""
        keys = [bytes(leaf.key) for leaf in self.leaves]
        texts = {str(leaf.key) for leaf in self.leaves}
        if any(one >= other for one, other in pairwise(keys)) or len(texts) < len(keys):
            self.doubts.append("order")
