"""What may be added to a document after a signature, without changing what is seen or done."""

from __future__ import annotations

from pikepdf import Dictionary, Name, Object, Pdf, String

from app.pdf.child.appearances import is_invisible, may_be_widget
from app.pdf.child.opening import dictionary, entries, name, text

#: The value of a key that is not there.
NOTHING = object()

_DSS = {"/Type", "/VRI", "/Certs", "/OCSPs", "/CRLs"}
#: What a new signature field may have: nothing that acts, or is shown.
_NEW_FIELD = {
    *("/Type", "/Subtype", "/FT", "/T", "/V", "/F", "/Ff", "/P", "/Rect", "/AP", "/DA"),
    *("/Lock", "/SV", "/MK"),
}
_SIGNATURES = {"/Sig", "/DocTimeStamp"}
#: The change that more is known about: see `shown`.
VISIBLE = "visible signature"


def is_validation_data(value: object) -> bool:
    """Return whether a value is a dictionary of validation data (ISO 32000-2 section 12.8.4.3)."""
    held = dictionary(value)
    return held is not None and set(held.keys()) <= _DSS


def are_extensions(value: object) -> bool:
    """Return whether a value names extensions, and nothing else (ISO 32000-1 section 7.12)."""
    held = dictionary(value)
    if held is None:
        return False
    inner: list[object] = []
    for one in held.values():
        named = dictionary(one)
        inner += [one] if named is None else list(named.values())
    return all(isinstance(one, Name | String | int) for one in inner)


def name_new_field(value: object, *, is_final: bool) -> str | None:
    """Return the name of the change that a new field or annotation is; None if it is allowed.

    `is_final`: only timestamps may be added.
    """
    field = dictionary(value)
    if field is None or name(field.get("/FT")) != "/Sig" or not may_be_widget(field):
        return "annotation"
    signature = field.get("/V")
    if not set(field.keys()) <= _NEW_FIELD or not (signature is None or _is_signature(signature)):
        return "form"
    if "/MK" in field and not _is_empty(field.get("/MK")):
        return "form"
    if is_final and not _is_timestamp(signature):
        return "final"
    return None if is_invisible(field) else VISIBLE


def name_filling(old: Object, new: Object, *, is_final: bool) -> str | None:
    """Return the name of the change where a signature field was empty; None if it is allowed."""
    signature = new.get("/V")
    drawn = [dictionary(one.get("/AP")) for one in (old, new)]
    if signature is None and drawn == [None, None]:
        return None
    if signature is not None and not _is_signature(signature):
        return "form"
    if signature is not None and is_final and not _is_timestamp(signature):
        return "final"
    if drawn == [None, None] or all(map(_has_no_area, (old, new))):
        return None
    return VISIBLE


def _has_no_area(field: Object) -> bool:
    held = dictionary(field)
    return held is not None and is_invisible(held)


def _is_signature(value: object) -> bool:
    held = dictionary(value)
    return held is not None and (text(held.get("/Type")) or "/Sig") in _SIGNATURES


def _is_timestamp(value: object) -> bool:
    """Return whether a value says that it is a timestamp (ISO 32000-2 section 12.8.5).

    Whether it is one is seen only in its Contents, which the parent verifies.
    """
    held = dictionary(value)
    if held is None or text(held.get("/Type")) != "/DocTimeStamp":
        return False
    return name(held.get("/SubFilter")) == "/ETSI.RFC3161"


def _is_empty(value: object) -> bool:
    held = dictionary(value)
    return held is not None and not held.keys()


def is_certified(pdf: Pdf) -> bool:
    """Return whether a document is certified (ISO 32000-1 section 12.8.2.2)."""
    return _certification(pdf) is not None


def _certification(pdf: Pdf) -> Dictionary | None:
    permissions = dictionary(pdf.Root.get("/Perms"))
    return dictionary(permissions.get("/DocMDP")) if permissions is not None else None


def allows_nothing(pdf: Pdf) -> bool:
    """Return whether a certification forbids further signatures (ISO 32000-1 12.8.2.2)."""
    certified = _certification(pdf)
    for one in entries(certified.get("/Reference"), 16) if certified is not None else ():
        reference = dictionary(one)
        terms = dictionary(reference.get("/TransformParams")) if reference is not None else None
        if terms is not None and terms.get("/P") == 1:
            return True
    return False
