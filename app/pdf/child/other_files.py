"""Files that a PDF offers beside those of its name tree (ISO 32000-1 section 7.11).

Programs list what annotations, pages and the catalog attach, too, and some take these first. So
each file specification with a file in it must be one that the tree names.
"""

from __future__ import annotations

from collections.abc import Sequence

from pikepdf import Dictionary, Pdf, Stream

from app.pdf.child.opening import dictionary, name
from app.pdf.child.parts import Part, list_parts, names
from app.pdf.limits import Limits

#: Files that are related to one, the fork of one, and what is opened in place of one.
_FURTHER = {"/RF", "/ResFork", "/EP"}
_WANTED = names("EF", "RF", "ResFork", "EP", "FileAttachment", "Subtype [0-9]+")


class NamedFiles:
    """The file specifications that the name tree names, and their streams."""

    def __init__(self, specifications: Sequence[Dictionary]) -> None:
        self._known = {one.objgen for one in specifications if one.is_indirect}
        self._direct = sum(not one.is_indirect for one in specifications)
        self._streams = {
            stream.objgen
            for one in specifications
            for stream in (dictionary(one.get("/EF")) or Dictionary()).values()
            if isinstance(stream, Stream)
        }
        self._has_address = any("/FS" in one for one in specifications)

    def are_all(self, pdf: Pdf, limits: Limits) -> bool:
        """Return whether nothing else in a PDF is offered as a file. Raises Refused."""
        if self._has_address or "/Collection" in pdf.Root:
            return False
        direct = 0
        for one in list_parts(pdf, _WANTED, limits):
            if self._is_further(one):
                return False
            direct += "/EF" in one and not one.is_indirect
        return direct == self._direct

    def _is_further(self, one: Part) -> bool:
        """Return whether a dictionary is, or offers, a file that the tree doesn't name."""
        if isinstance(one, Stream) and name(one.get("/Type")) == "/EmbeddedFile":
            return one.objgen not in self._streams
        if "/EF" in one and one.is_indirect and one.objgen not in self._known:
            return True
        if name(one.get("/Subtype")) == "/FileAttachment" and not self._is_known(one.get("/FS")):
            return True
        return not _FURTHER.isdisjoint(one.keys())

    def _is_known(self, value: object) -> bool:
        held = dictionary(value)
        return held is not None and held.objgen in self._known
