"""What may let a document show something else than its signed bytes have, each by a name.

`elsewhere`: content of other files; `scripts`: actions that change what is shown, or open other
files; `form`: an XFA form; `layers`: some that are not always shown; `printing`: what is shown and
printed in different ways; `media`: films, sounds and three-dimensional pictures; `unsearched`: the
file has too many parts to be searched, or damaged ones.
"""

from __future__ import annotations

from collections.abc import Callable

from pikepdf import Array, Dictionary, Name, Pdf, PdfError, Stream

from app.pdf.child.appearances import ELSEWHERE, PRINTED, has_program, is_invisible
from app.pdf.child.opening import Refused, dictionary, name
from app.pdf.child.parts import Part, list_parts, names
from app.pdf.limits import Limits

#: ISO 32000-1 section 12.6.4. Others go to a place in the document, or to an address.
_ACTIONS = {
    *("/JavaScript", "/Rendition", "/Hide", "/SetOCGState", "/ResetForm", "/ImportData"),
    *("/SubmitForm", "/Launch", "/GoToR", "/GoToE", "/Movie", "/Sound", "/GoTo3DView"),
    "/RichMediaExecute",
}
_MEDIA = {"/Movie", "/Sound", "/Screen", "/3D", "/RichMedia"}
#: Annotations that have no look of their own, and those that are drawn without an appearance.
_UNSEEN = {"/Link", "/Popup"}
_DRAWN = {
    *("Text", "FreeText", "Line", "Square", "Circle", "Polygon", "PolyLine", "Highlight"),
    *("Underline", "Squiggly", "StrikeOut", "Stamp", "Caret", "Ink", "FileAttachment", "Widget"),
    *("PrinterMark", "TrapNet", "Watermark", "Redact", "Projection"),
}
#: States of a layer by whether it is shown, printed or exported (section 8.11.4.4).
_STATES = {"/View": "/ViewState", "/Print": "/PrintState", "/Export": "/ExportState"}
_VARYING_USAGE = {"/Zoom", "/Language", "/User"}
#: Flags of annotations (section 12.5.3); the last are NoView, ToggleNoView and Print.
_HIDDEN, _PRINT = 2, 4
_EVERYWHERE = 32 | 256 | _PRINT
_WANTED = names(
    *(one[1:] for one in sorted(_ACTIONS | _MEDIA)),
    *("JS", "XFA", "Usage", "OCGs", "VE", "AP", "AlternatePresentations", *sorted(_DRAWN)),
    "(?:S|Subtype) [0-9]+",
)


def list_remarks(pdf: Pdf, limits: Limits) -> list[str]:
    """Return the names of what there is in a document, sorted."""
    try:
        found = {"layers"} if _has_hidden_layers(pdf) else set()
        for one in list_parts(pdf, _WANTED, limits):
            keys = set(one.keys())
            found |= {remark for remark, applies in _TESTS.items() if applies(one, keys)}
    except (Refused, PdfError):
        return ["unsearched"]
    return sorted(found)


def _has_hidden_layers(pdf: Pdf) -> bool:
    """Return whether layers are off; programs without layers show them (section 8.11.4.3)."""
    if "/OCProperties" not in pdf.Root:
        return False
    held = dictionary(pdf.Root.get("/OCProperties"))
    usual = dictionary(held.get("/D")) if held is not None else None
    if usual is None or name(usual.get("/BaseState", Name.ON)) != "/ON":
        return True
    off = usual.get("/OFF", Array())
    return not isinstance(off, Array) or len(off) > 0


def _comes_from_elsewhere(one: Part, keys: set[str]) -> bool:
    return not ELSEWHERE.isdisjoint(keys) and isinstance(one, Stream)


def _acts(one: Part, keys: set[str]) -> bool:
    return "/JS" in keys or ("/S" in keys and name(one.get("/S")) in _ACTIONS)


def _is_form(_: Part, keys: set[str]) -> bool:
    return "/XFA" in keys


def _plays(one: Part, keys: set[str]) -> bool:
    if "/AlternatePresentations" in keys:
        return True
    return "/Subtype" in keys and name(one.get("/Subtype")) in _MEDIA


def _varies(one: Part, keys: set[str]) -> bool:
    """Return whether a dictionary is a layer, or a membership, that is not always shown."""
    if "/VE" in keys or ("/OCGs" in keys and name(one.get("/P")) in {"/AllOff", "/AnyOff"}):
        return True
    return "/Usage" in keys and _is_used_otherwise(dictionary(one.get("/Usage")))


def _is_used_otherwise(usage: Dictionary | None) -> bool:
    """Return whether the usage of a layer has it shown at some times or places only."""
    if usage is None or not _VARYING_USAGE.isdisjoint(usage.keys()):
        return True
    return any(
        key in usage and (held is None or name(held.get(state)) != "/ON")
        for key, state in _STATES.items()
        for held in [dictionary(usage.get(key))]
    )


def _is_printed_otherwise(one: Part, keys: set[str]) -> bool:
    """Return whether something is only shown, or only printed. Raises Refused."""
    if isinstance(one, Stream):
        return PRINTED in keys or has_program(one)
    return "/Rect" in keys and _is_flagged(one)


def _is_flagged(annotation: Dictionary) -> bool:
    """Return whether an annotation is only shown, or only printed (12.5.3). Raises Refused."""
    flags = annotation.get("/F", 0)
    if isinstance(flags, int) and (flags & _HIDDEN or flags & _EVERYWHERE == _PRINT):
        return False
    kind = name(annotation.get("/Subtype"))
    return kind is not None and kind not in _UNSEEN and not is_invisible(annotation)


_TESTS: dict[str, Callable[[Part, set[str]], bool]] = {
    "elsewhere": _comes_from_elsewhere,
    "scripts": _acts,
    "form": _is_form,
    "media": _plays,
    "layers": _varies,
    "printing": _is_printed_otherwise,
}
