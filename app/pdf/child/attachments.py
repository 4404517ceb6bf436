"""The files that are attached to a document, in the order of the name tree (ISO 32000-1 7.9.6)."""

from __future__ import annotations

from dataclasses import dataclass

from pikepdf import Dictionary, Pdf, Stream, String

from app.pdf.child.names import Leaf, NameTree
from app.pdf.child.opening import MAX_TEXT, Refused, dictionary, text, unpacked
from app.pdf.child.other_files import NamedFiles
from app.pdf.limits import Limits

#: Where a file specification names its file; programs take one or the other (section 7.11.3).
_NAMES = ("/UF", "/F", "/Unix", "/Mac", "/DOS")


@dataclass
class Attachments:
    """Names and contents; `doubts` says why readers may disagree about them.

    `others` are for each file the ends of all names that a program may give it.
    """

    names: list[str]
    others: list[list[str]]
    contents: list[bytes]
    doubts: list[str]


def read_attachments(pdf: Pdf, limits: Limits) -> Attachments:
    """Read the files of /Names /EmbeddedFiles. Raises Refused."""
    found = Attachments([], [], [], [])
    names = dictionary(pdf.Root.get("/Names"))
    root = dictionary(names.get("/EmbeddedFiles")) if names is not None else None
    if root is None:
        return found
    tree = NameTree(root, limits)
    found.doubts += tree.doubts
    named = [_read(leaf, limits, found) for leaf in tree.leaves]
    try:
        if not NamedFiles(named).are_all(pdf, limits):
            found.doubts.append("other files")
    except Refused:
        found.doubts.append("unsearched")
    return found


def _read(leaf: Leaf, limits: Limits, found: Attachments) -> Dictionary:
    """Add a file that the tree names, and return its specification. Raises Refused."""
    specification = dictionary(leaf.value)
    if specification is None:
        raise Refused("damaged")
    left = limits.inflated - sum(map(len, found.contents))
    content = _content_of(specification, left, found.doubts)
    names = [one for key in _NAMES if (one := specification.get(key)) is not None]
    texts = [one for one in names if isinstance(one, String) and bytes(one)]
    if any(not isinstance(one, String) for one in names) or not _agree(texts):
        found.doubts.append("other names")
    found.names.append((text(texts[0]) if texts else None) or "")
    found.others.append(sorted({_end_of(one) for one in (leaf.key, *texts)}))
    found.contents.append(content)
    return specification


def _agree(names: list[String]) -> bool:
    """Return whether there is a reading by which names are the same.

    Some programs write UTF-8 where PDF has an encoding of its own.
    """
    readings = [{str(one), *_utf_8(bytes(one))} for one in names]
    return not readings or bool(set.intersection(*readings))


def _utf_8(name: bytes) -> list[str]:
    try:
        return [name.decode()]
    except UnicodeDecodeError:
        return []


def _end_of(name: String) -> str:
    """Return the end of a name, which has its extension, as text that can be answered."""
    return str(name)[-MAX_TEXT:].encode("utf-8", "replace").decode()


def _content_of(specification: Dictionary, left: int, doubts: list[str]) -> bytes:
    """Return what a file specification has embedded (section 7.11.4). Raises Refused."""
    files = dictionary(specification.get("/EF"))
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
