"""What a PDF says of its signatures, and what was changed after each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from pikepdf import Pdf, PdfError

from app.pdf.child.comparison import Changes
from app.pdf.child.drawn import find_drawn
from app.pdf.child.fields import SignatureField, list_signature_fields
from app.pdf.child.gaps import list_shared
from app.pdf.child.opening import Refused, opened, text
from app.pdf.child.remarks import list_remarks
from app.pdf.child.revisions import list_changes
from app.pdf.child.sections import MAX_GENERATION, MAX_NUMBER
from app.pdf.child.structure import Structure
from app.pdf.child.tokens import Reference
from app.pdf.limits import Limits


@dataclass(frozen=True)
class FoundSignature:
    """A signature: values for JSON, and the Contents."""

    facts: dict[str, object]
    contents: bytes


def read_signatures(data: bytes, limits: Limits) -> list[FoundSignature]:
    """Read the signatures of a PDF. Raises Refused."""
    with opened(data, limits) as pdf:
        signed = [one for one in list_signature_fields(pdf, limits) if one.value is not None]
        if len(signed) > limits.signatures:
            raise Refused("signatures")
        # Each has a part of the file of its own: the gap in its ByteRange.
        if sum(len(one.contents) for one in signed) > len(data):
            raise Refused("inflated")
        structure = Structure(data, limits, partial(_length, pdf))
        changes = [list_changes(data, pdf, one, structure, limits) for one in signed]
        shared = list_shared(signed)
        places = {one.field.objgen: at for at, one in enumerate(signed) if one.field.is_indirect}
        drawn = _find_drawn(pdf, limits) if signed else None
        # At the end, since it has qpdf read all objects, and mend what leads to none.
        remarks = list_remarks(pdf, limits) if signed else []
        found = []
        for one, changed in zip(signed, changes, strict=True):
            named = list(changed.named)
            if one.value is not None and one.value.objgen in shared:
                named.append("gap")
            if not changed.stamps <= set(places):
                named.append("final")
            facts = _facts(one, replace(changed, named=named), remarks)
            stamps = sorted(places[number] for number in changed.stamps & set(places))
            more = {"stamps": stamps, "drawn": drawn}
            found.append(FoundSignature({**facts, **more}, one.contents))
        return found


def _length(pdf: Pdf, one: Reference) -> object:
    """Return what a reference to a length leads to; None if no object can have its number."""
    if one.number > MAX_NUMBER or one.generation > MAX_GENERATION:
        return None
    return pdf.get_object((one.number, one.generation))


def _find_drawn(pdf: Pdf, limits: Limits) -> tuple[int, int] | None:
    """Return what is drawn in several ways. What is too much, or damaged, is remarked on anyway."""
    try:
        return find_drawn(pdf, limits)
    except (Refused, PdfError):
        return 0, 0


def _facts(one: SignatureField, changes: Changes, remarks: list[str]) -> dict[str, object]:
    value = one.value
    assert value is not None  # noqa: S101 - only such are asked about
    return {
        "field": one.name,
        "byte_range": one.byte_range,
        "subfilter": text(value.get("/SubFilter")),
        "name": text(value.get("/Name")),
        "reason": text(value.get("/Reason")),
        "location": text(value.get("/Location")),
        "contact_info": text(value.get("/ContactInfo")),
        "date": text(value.get("/M")),
        "changes": changes.named,
        "shown": [[shown.field, shown.page, shown.rectangle] for shown in changes.shown],
        "remarks": remarks,
    }
