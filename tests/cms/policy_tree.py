"""The policy tree of RFC 5280 section 6.1, step by step as it stands there: slow, and for tests.

It shares nothing with `app.cms.path.policies`, which keeps a graph.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

ANY = "2.5.29.32.0"


@dataclass(frozen=True)
class Said:
    """What the extensions of one certificate say; None: that it has none of that kind."""

    policies: frozenset[str] | None
    mappings: Mapping[str, frozenset[str]]
    explicit: int | None
    inhibit_mapping: int | None
    inhibit_any: int | None
    self_issued: bool


@dataclass(eq=False)
class Node:
    """A node of the valid_policy_tree (6.1.2 a)."""

    valid: str
    expected: set[str]
    parent: "Node | None" = None
    children: list["Node"] = field(default_factory=list)

    def grow(self, valid: str, expected: set[str]) -> None:
        self.children.append(Node(valid, expected, self))

    def drop(self) -> None:
        if self.parent:
            self.parent.children.remove(self)


class Tree:
    """The valid_policy_tree."""

    def __init__(self, acceptable: frozenset[str] | None) -> None:
        self.root: Node | None = Node(ANY, {ANY})
        self.acceptable = acceptable

    def level(self, depth: int) -> list[Node]:
        nodes = [self.root] if self.root else []
        for _ in range(depth):
            nodes = [child for node in nodes for child in node.children]
        return nodes

    def prune(self, depth: int) -> None:
        """Delete nodes above `depth` without children, until there are none left."""
        for above in range(depth - 1, 0, -1):
            for node in self.level(above):
                if not node.children:
                    node.drop()
        if self.root and not self.root.children and depth:
            self.root = None

    def add(self, depth: int, policies: frozenset[str], any_counts: bool) -> None:
        """Do 6.1.3 (d)."""
        above = self.level(depth - 1)
        for policy in policies - {ANY}:
            matching = [node for node in above if policy in node.expected]
            for node in matching or [node for node in above if node.valid == ANY]:
                node.grow(policy, {policy})
        if ANY in policies and any_counts:
            for node in above:
                for policy in node.expected - {child.valid for child in node.children}:
                    node.grow(policy, {policy})
        self.prune(depth)

    def map(self, depth: int, mappings: Mapping[str, frozenset[str]], allowed: bool) -> None:
        """Do 6.1.4 (b)."""
        for policy, subjects in mappings.items():
            nodes = self.level(depth)
            named = [node for node in nodes if node.valid == policy]
            for node in named:
                if allowed:
                    node.expected = set(subjects)
                else:
                    node.drop()
            for node in nodes if allowed and not named else []:
                if node.valid == ANY and node.parent:
                    node.parent.grow(policy, set(subjects))
        self.prune(depth)

    def intersect(self, depth: int) -> None:
        """Do 6.1.5 (g) (iii)."""
        if self.root is None or self.acceptable is None:
            return
        under_any = [
            node
            for above in range(depth)
            for parent in self.level(above)
            if parent.valid == ANY
            for node in parent.children
        ]
        for node in under_any:
            if node.valid not in self.acceptable | {ANY}:
                node.drop()
        for node in [node for node in self.level(depth) if node.valid == ANY]:
            present = {one.valid for one in under_any}
            for policy in self.acceptable - present:
                if node.parent:
                    node.parent.grow(policy, {policy})
            node.drop()
        self.prune(depth)


def is_valid(
    path: Sequence[Said],
    acceptable: frozenset[str] | None,
    *,
    explicit: bool,
    inhibit_mapping: bool,
    inhibit_any: bool,
) -> bool:
    """Process a path, from the one below the anchor to the holder."""
    tree, last = Tree(acceptable), len(path)
    explicit_policy, policy_mapping, inhibit_any_policy = (
        0 if flag else last + 1 for flag in (explicit, inhibit_mapping, inhibit_any)
    )
    for depth, said in enumerate(path, 1):
        if said.policies is None:
            tree.root = None
        elif tree.root:
            exempt = depth < last and said.self_issued
            tree.add(depth, said.policies, exempt or inhibit_any_policy > 0)
        if not explicit_policy and tree.root is None:
            return False
        if depth < last:
            if tree.root:
                tree.map(depth, said.mappings, policy_mapping > 0)
            explicit_policy = count(explicit_policy, said.explicit, said)
            policy_mapping = count(policy_mapping, said.inhibit_mapping, said)
            inhibit_any_policy = count(inhibit_any_policy, said.inhibit_any, said)
    tree.intersect(last)
    is_free = explicit_policy > 1 and path[-1].explicit != 0
    return is_free or tree.root is not None


def count(variable: int, limit: int | None, said: Said) -> int:
    """Do 6.1.4 (h) to (j) for one of the three."""
    if not said.self_issued and variable:
        variable -= 1
    return variable if limit is None else min(variable, limit)
