"""Changes within an encoded value that leave all other bytes as they stand (X.690 section 8.1.3).

An element that has grown has a new definite length, or keeps its indefinite one. Values may be a
hundred megabytes large: what stays is a view, and nothing is copied before the end.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from app.cms.asn1.der import encode_header
from app.cms.asn1.node import Node

Pieces: TypeAlias = list[bytes | memoryview]
"""Bytes that stand one after the other."""

_END_OF_CONTENTS = b"\0\0"


@dataclass(frozen=True, slots=True)
class Change:
    """What stands from `start` to `stop` becomes `pieces`; the offsets are those of `Node.span`.

    If `start` is `stop`, the pieces are inserted there.
    """

    start: int
    stop: int
    pieces: Pieces


def insert(offset: int, *inserted: bytes) -> Change:
    """Return the change that inserts elements at an offset."""
    return Change(offset, offset, list(inserted))


def replace(node: Node, changes: Iterable[Change]) -> list[Change]:
    """Return the change of a whole element that has changes within its contents; none for none.

    The changes must not overlap; those at one offset stay in their order.
    """
    ordered = sorted(changes, key=lambda one: (one.start, one.stop))
    if not ordered:
        return []
    return [Change(*node.span, _rewrite(node, ordered))]


def _rewrite(node: Node, ordered: Iterable[Change]) -> Pieces:
    """Return the element with its contents changed."""
    start, stop = node.contents_span
    contents: Pieces = []
    for change in ordered:
        contents += [node.view(start, change.start), *change.pieces]
        start = change.stop
    contents.append(node.view(start, stop))
    if node.is_indefinite:
        return [node.view(node.span[0], node.contents_span[0]), *contents, _END_OF_CONTENTS]
    return [encode_header(node.tag, sum(map(len, contents))), *contents]
