"""The files that are attached to a document, in the order of the name tree (ISO 32000-1 7.9.6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from pikepdf import Dictionary, Pdf, Stream, String

from app.pdf.child.opening import Refused, dictionary, entries, text, unpacked
from app.pdf.limits import Limits


@dataclass
class Attachments:
    """Names and contents; `doubts` says why readers may disagree about them."""

    names: list[str]
    contents: list[bytes]
    doubts: list[str]


def read_attachments(pdf: Pdf, limits: Limits) -> Attachments:
    """Read the files of /Names /EmbeddedFiles. Raises Refused."""
    found = Attachments([], [], [])
    names = dictionary(pdf.Root.get("/Names"))
    tree = dictionary(names.get("/EmbeddedFiles")) if names is not None else None
    keys: list[bytes] = []
    left = limits.inflated
    for key, value in _walk(tree, limits) if tree is not None else ():
        if len(keys) == limits.attachments:
            raise Refused("attachments")
        keys.append(key)
        specification = dictionary(value)
        name = _name_of(specification)
        content = _content_of(specification, left, found.doubts)
        left -= len(content)
        found.names.append(name or "")
        found.contents.append(content)
    # Lookups by key rely on the order, and writers that sort would change which file is the first.
    if any(one >= other for one, other in pairwise(keys)):
        found.doubts.append("order")
    return found


def _walk(tree: Dictionary, limits: Limits) -> Iterator[tuple[bytes, object]]:
    """Return the leaves of a name tree, from left to right. Raises Refused."""
    seen: set[tuple[int, int]] = set()
    waiting: list[tuple[object, int]] = [(tree, 0)]
    while waiting:
        value, depth = waiting.pop()
        node = dictionary(value)
        if node is None:
            raise Refused("damaged")
        if depth > limits.depth or node.objgen in seen or len(seen) > limits.fields:
            raise Refused("complex")
        if node.is_indirect:
            seen.add(node.objgen)
        leaves = entries(node.get("/Names"), 2 * limits.attachments + 2)
        for key, leaf in zip(leaves[::2], leaves[1::2], strict=False):
            yield _key(key), leaf
        kids = entries(node.get("/Kids"), limits.fields)
        waiting += [(kid, depth + 1) for kid in reversed(kids)]


def _key(value: object) -> bytes:
    if not isinstance(value, String):
        raise Refused("damaged")
    return bytes(value)


def _name_of(specification: Dictionary | None) -> str | None:
    if specification is None:
        return None
    return text(specification.get("/UF")) or text(specification.get("/F"))


def _content_of(specification: Dictionary | None, left: int, doubts: list[str]) -> bytes:
    """Return what a file specification has embedded (section 7.11.4). Raises Refused."""
    files = dictionary(specification.get("/EF")) if specification is not None else None
    streams = (
        [one for one in files.values() if isinstance(one, Stream)] if files is not None else []
    )
    if not streams:
        raise Refused("damaged")
    first, *others = {one.objgen: one for one in streams}.values()
    content = unpacked(first, left)
    # One program takes /F, the other /UF.
    if any(unpacked(one, left) != content for one in others):
        doubts.append("two contents")
    return content
