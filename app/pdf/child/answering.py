"""The tasks of the child, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pikepdf

from app.pdf.child.attachments import read_attachments
from app.pdf.child.opening import Refused, opened
from app.pdf.child.remarks import list_remarks
from app.pdf.child.signatures import read_signatures
from app.pdf.child.structure import Structure
from app.pdf.limits import Limits

Answer: TypeAlias = tuple[dict[str, object], list[bytes]]
"""Values that JSON can represent, and bytes beside them."""


def answer(task: str, data: bytes, limits: Limits) -> Answer:
    """Do a task; what the PDF is refused for is an answer, too."""
    try:
        return _TASKS[task](data, limits)
    except Refused as error:
        return {"refused": error.code}, []
    except MemoryError:
        return {"refused": "memory"}, []
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError, RuntimeError):
        # What qpdf finds only when it gets there, and values of other types than they should be.
        return {"refused": "damaged"}, []


def _attachments(data: bytes, limits: Limits) -> Answer:
    with opened(data, limits) as pdf:
        found = read_attachments(pdf, limits)
        if not Structure(data, limits).is_clear():
            found.doubts.append("structure")
        facts: dict[str, object] = {
            "pages": len(pdf.pages),
            "names": found.names,
            "others": found.others,
            "doubts": sorted(set(found.doubts)),
            "remarks": list_remarks(pdf, limits),
        }
        return facts, found.contents


def _signatures(data: bytes, limits: Limits) -> Answer:
    listed = read_signatures(data, limits)
    return {"signatures": [one.facts for one in listed]}, [one.contents for one in listed]


_TASKS: dict[str, Callable[[bytes, Limits], Answer]] = {
    "attachments": _attachments,
    "signatures": _signatures,
}
