"""The files that are attached to a document, in the order of the name tree (ISO 32000-1 7.9.6)."""

from __future__ import annotations

from dataclasses import dataclass

from pikepdf import Dictionary, Pdf, Stream

from app.pdf.child.names import NameTree
from app.pdf.child.opening import Refused, dictionary, text, unpacked
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
    root = dictionary(names.get("/EmbeddedFiles")) if names is not None else None
    if root is None:
        return found
    tree = NameTree(root, limits)
    found.doubts += tree.doubts
    left = limits.inflated
    for _, value in tree.leaves:
        specification = dictionary(value)
        content = _content_of(specification, left, found.doubts)
        left -= len(content)
        found.names.append(_name_of(specification) or "")
        found.contents.append(content)
    return found


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
