"""Metadata of a document (XMP, ISO 32000-1 section 14.3.2) that say only when it was changed."""

from __future__ import annotations

import re

from pikepdf import PdfError, Stream

from app.pdf.child.opening import Refused, text, unpacked
from app.pdf.limits import Limits

#: Bytes of metadata that are compared.
_MOST = 1024 * 1024
_MEMBERS = {"/Type", "/Subtype", "/Length", "/Filter", "/DecodeParms"}
_WHEN = rb"(?:xmp:(?:ModifyDate|MetadataDate)|xmpMM:InstanceID)", rb"[-+.:0-9A-Za-z]{0,64}"
_BY_WHAT = rb"pdf:Producer", rb"[^<>&\"\x00-\x1f]{0,200}"
#: A date, an identifier of a revision, or the name of a program: as an element or an attribute.
_CHANGING = re.compile(
    b"|".join(
        rb"<" + name + rb">" + value + rb"</" + name + rb">|\s" + name + rb'="' + value + rb'"'
        for name, value in (_WHEN, _BY_WHAT)
    )
)
_BLANKS = re.compile(rb"\s+")


def is_dated_anew(old: object, new: object, limits: Limits) -> bool:
    """Return whether metadata differ, and only in dates of change, the program, and blanks.

    What was not there before is more.
    """
    if not isinstance(old, Stream) or not isinstance(new, Stream):
        return False
    if not set(old.keys()) | set(new.keys()) <= _MEMBERS or _kind(old) != _kind(new):
        return False
    try:
        return _rest_of(old, limits) == _rest_of(new, limits)
    except (Refused, PdfError):
        return False


def _kind(one: Stream) -> tuple[str | None, str | None]:
    return text(one.get("/Type")), text(one.get("/Subtype"))


def _rest_of(one: Stream, limits: Limits) -> bytes:
    """Return what stays as it is. Raises Refused, PdfError."""
    data = unpacked(one, min(_MOST, limits.inflated))
    return _BLANKS.sub(b"", _CHANGING.sub(b"", data))
