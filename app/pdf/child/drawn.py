"""What programs draw in different ways, on pages and beside them (ISO 32000-1 section 12.5).

Each program draws an annotation without an appearance by itself, or not at all; some also the value
of a field in place of its appearance, the border of a link, or what has no kind.
"""

from __future__ import annotations

from decimal import Decimal

from pikepdf import Dictionary, Pdf, Stream

from app.pdf.child.opening import Refused, dictionary, entries, name
from app.pdf.limits import Limits

#: Those that have no look of their own, and those that are remarked on as media.
_UNSEEN = {"/Link", "/Popup"}
_MEDIA = {"/Movie", "/Sound", "/Screen", "/3D", "/RichMedia"}
_KNOWN = {
    *("/Text", "/FreeText", "/Line", "/Square", "/Circle", "/Polygon", "/PolyLine", "/Highlight"),
    *("/Underline", "/Squiggly", "/StrikeOut", "/Stamp", "/Caret", "/Ink", "/FileAttachment"),
    *("/PrinterMark", "/TrapNet", "/Watermark", "/Redact", "/Projection"),
}
_HIDDEN = 2
#: Width of the border of a link that may be meant to cover something; the usual one is 1.
_THICK = 3


def find_drawn(pdf: Pdf, limits: Limits) -> tuple[int, int] | None:
    """Return the page, from 1, and the number of the first object that is drawn in several ways.

    None without one. Raises Refused, PdfError.
    """
    form = dictionary(pdf.Root.get("/AcroForm"))
    wanted: object = form.get("/NeedAppearances") if form is not None else None
    is_anew = wanted is True
    left = limits.searched
    for at, page in enumerate(pdf.pages):
        if "/Thumb" in page.obj:
            return at + 1, page.obj.objgen[0]
        for one in entries(page.obj.get("/Annots"), limits.searched):
            left -= 1
            if left < 0:
                raise Refused("complex")
            held = dictionary(one)
            if held is not None and _varies(held, limits, is_anew=is_anew):
                return at + 1, held.objgen[0] or page.obj.objgen[0]
    return None


def _varies(annotation: Dictionary, limits: Limits, *, is_anew: bool) -> bool:
    """Return whether an annotation is drawn in several ways. Raises Refused."""
    flags = annotation.get("/F", 0)
    kind = name(annotation.get("/Subtype"))
    if (isinstance(flags, int) and flags & _HIDDEN) or kind in _MEDIA:
        return False
    if kind is None:
        return "/AP" in annotation
    if kind in _UNSEEN:
        return "/AP" in annotation or _border(annotation) > _THICK
    drawn = dictionary(annotation.get("/AP"))
    if kind == "/Widget":
        return _varies_as_field(annotation, drawn, limits, is_anew=is_anew)
    return kind not in _KNOWN or not _is_drawn(drawn) or _reacts(drawn, {"/R", "/D"})


def _varies_as_field(
    widget: Dictionary, drawn: Dictionary | None, limits: Limits, *, is_anew: bool
) -> bool:
    """Return whether a field is drawn in several ways: under the pointer, or by its value."""
    kind = name(_inherited(widget, "/FT", limits))
    # Buttons usually have an appearance for when they are pressed.
    if _reacts(drawn, {"/R"} if kind == "/Btn" else {"/R", "/D"}):
        return True
    if kind not in {"/Tx", "/Ch"} or _inherited(widget, "/V", limits) is None:
        return False
    return is_anew or not _is_drawn(drawn)


def _is_drawn(drawn: Dictionary | None) -> bool:
    """Return whether there is an appearance, or one for each state."""
    return drawn is not None and isinstance(drawn.get("/N"), Stream | Dictionary)


def _reacts(drawn: Dictionary | None, keys: set[str]) -> bool:
    """Return whether another appearance than the normal one is shown at times."""
    return drawn is not None and any(
        getattr(drawn.get(key), "objgen", None) != getattr(drawn.get("/N"), "objgen", None)
        for key in keys & set(drawn.keys())
    )


def _inherited(field: Dictionary, key: str, limits: Limits) -> object:
    """Return an entry of a field, or of those above it."""
    held: Dictionary | None = field
    for _ in range(limits.depth):
        if held is None or key in held:
            break
        held = dictionary(held.get("/Parent"))
    return held.get(key) if held is not None else None


def _border(link: Dictionary) -> Decimal:
    """Return the width of the border of a link."""
    style = dictionary(link.get("/BS"))
    if style is not None:
        width: object = style.get("/W", 1)
    else:
        width = [*entries(link.get("/Border"), 8), 1, 1, 1][2] if "/Border" in link else 1
    return Decimal(width) if isinstance(width, int | Decimal) else Decimal(_THICK + 1)
