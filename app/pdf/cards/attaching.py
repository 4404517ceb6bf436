"""Files attached to a PDF of ours, in an order that every reader sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, String


@dataclass(frozen=True, slots=True)
class File:
    """A file with its description; `relationship` is of ISO 32000-2 section 14.13."""

    name: str
    data: bytes
    description: str
    relationship: str


def attach(pages: bytes, files: Sequence[File], title: str, language: str) -> bytes:
    """Return the PDF with the files in /EmbeddedFiles; the same for the same arguments.

    The keys are numbers, so that the name tree, which is sorted, has the order of `files`.
    """
    with pikepdf.open(BytesIO(pages)) as pdf:
        leaves: list[object] = []
        for number, file in enumerate(files):
            leaves += [String(f"{number:04}"), pdf.make_indirect(_specify(pdf, file))]
        names = Dictionary(EmbeddedFiles=Dictionary(Names=Array(leaves)))
        pdf.Root.Names = names
        pdf.Root.PageMode = Name.UseAttachments
        pdf.Root.Lang = String(language)
        pdf.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
        # It has dates, of which the same document must have none.
        pdf.trailer["/Info"] = pdf.make_indirect(Dictionary(Title=String(title)))
        saved = BytesIO()
        pdf.save(saved, deterministic_id=True, compress_streams=True, min_version="1.7")
    return saved.getvalue()


def _specify(pdf: Pdf, file: File) -> Dictionary:
    """Return a file specification (ISO 32000-1 section 7.11.3)."""
    stream = pdf.make_stream(file.data)
    stream.Type = Name.EmbeddedFile
    stream.Params = Dictionary(Size=len(file.data))
    return Dictionary(
        Type=Name.Filespec,
        F=String(file.name),
        UF=String(file.name),
        Desc=String(file.description),
        AFRelationship=Name(f"/{file.relationship}"),
        EF=Dictionary(F=stream, UF=stream),
    )
