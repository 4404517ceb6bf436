"""What was changed in a PDF after one of its signatures: incremental updates (ISO 32000-1 7.5.6).

The document that was signed is the file up to the end of the ByteRange. It is opened by itself, and
compared with the whole file. Only what adds signatures, timestamps and validation data is allowed.
"""

from __future__ import annotations

import re
from dataclasses import replace

from pikepdf import Pdf

from app.pdf.child.comparison import Changes, Comparison
from app.pdf.child.fields import SignatureField, list_signature_fields
from app.pdf.child.gaps import name_gap
from app.pdf.child.opening import Refused, opened
from app.pdf.child.structure import Structure
from app.pdf.limits import Limits

_END = re.compile(rb"startxref\s+[0-9]{1,12}\s+%%EOF[\r\n]{0,2}\Z")
_UPDATE_ENDS = re.compile(rb"%%EOF")
_STARTS = re.compile(rb"startxref\s+[0-9]{1,12}\s+%%EOF")


def list_changes(
    data: bytes, whole: Pdf, one: SignatureField, structure: Structure, limits: Limits
) -> Changes:
    """Return what was changed after a signature, and is not allowed or is seen.

    `structure` is that of the file.
    """
    spans = one.byte_range
    if spans is None or len(spans) != 4 or not 0 < spans[2] + spans[3] <= len(data):
        return Changes(["range"])
    # Where sections are irregular, so that objects can't be found, that is what is answered.
    gap = name_gap(data, one, structure) if structure.is_known() else None
    if gap == "gap":
        return Changes([gap])
    found = _list_others(data, whole, one, structure, limits)
    if gap is None and not structure.is_known() and not found.named:
        gap = "overlap"
    return replace(found, named=[*found.named, *([gap] if gap else ())])


def _list_others(
    data: bytes, whole: Pdf, one: SignatureField, structure: Structure, limits: Limits
) -> Changes:
    """Return likewise what was changed outside of the gap, of which nothing is asked here."""
    end = sum((one.byte_range or [])[2:])
    if not _END.search(data[:end], max(0, end - 64)):
        return Changes(["revision"])
    added = data[end:].rstrip(b"\r\n")
    if added and not _is_sound(added):
        return Changes(["appended"])
    found = _compare(data[:end], whole, one, limits) if added else Changes([])
    return replace(found, named=[*found.named, *_ambiguities(structure, end, bool(added))])


def _ambiguities(structure: Structure, end: int, is_updated: bool) -> list[str]:
    """Return what can be read in more than one way: what was signed, what was appended."""
    try:
        found = [] if structure.is_clear_until(end) else ["ambiguous"]
        if is_updated and not structure.is_clear_after(end):
            found.append("ambiguous update")
    except Refused as error:
        return [error.code]
    return found


def _compare(signed: bytes, whole: Pdf, one: SignatureField, limits: Limits) -> Changes:
    try:
        with opened(signed, limits) as before:
            if not _has(before, one, limits):
                return Changes(["revision"])
            return Comparison(before, whole, limits).changes()
    except Refused as error:
        return Changes(["complex" if error.code == "complex" else "revision"])


def _is_sound(added: bytes) -> bool:
    """Return whether each update that was appended has its end, and one end only."""
    ends = len(_UPDATE_ENDS.findall(added))
    return _END.search(added) is not None and ends == len(_STARTS.findall(added))


def _has(before: Pdf, one: SignatureField, limits: Limits) -> bool:
    """Return whether the signed document has this very signature, in this field."""
    return any(
        other.name == one.name
        and other.field.objgen == one.field.objgen
        and other.byte_range == one.byte_range
        and other.contents == one.contents
        for other in list_signature_fields(before, limits)
        if other.value is not None
    )
