"""What the appearance of a widget may have, so that it draws in its own rectangle and no more.

Or nothing at all: that its rectangle has no area is not enough.

A viewer scales the box of the appearance to the rectangle of the annotation, and draws nothing
beyond (ISO 32000-1 section 12.5.5).
"""

from __future__ import annotations

import re

from pikepdf import Array, Dictionary, Name, Object, PdfError, Stream

from app.pdf.child.fields import rectangle_of
from app.pdf.child.opening import Refused, dictionary, name, text, unpacked
from app.pdf.limits import Limits

#: Print, ReadOnly, Locked, LockedContents (section 12.5.3). The others hide a widget, or draw it
#: elsewhere as the page is turned or enlarged.
_FLAGS = 4 | 64 | 128 | 512
#: Of a stream: what is drawn comes from elsewhere, or depends on a layer or on who prints.
ELSEWHERE = {"/F", "/FFilter", "/FDecodeParms", "/Ref", "/OPI"}
PRINTED = "/Alternates"
_VARYING = {*ELSEWHERE, PRINTED, "/OC"}
_LAYERS = {"/OCG", "/OCMD"}
#: What an appearance has no reason to lead to.
_OTHERS = {"/Page", "/Pages", "/Catalog", "/Annot", "/Action", "/Filespec"}
_PROGRAM = "/PS"
#: What an appearance that draws nothing may have, and be: blanks, or a comment that Acrobat writes.
_BLANK_FORM = {
    *("/Type", "/Subtype", "/FormType", "/BBox", "/Matrix", "/Resources", "/Group"),
    *("/Length", "/Filter"),
}
_BLANK = re.compile(rb"[ \t\r\n]*(?:% ?DSBlank[ \t]*)?[\r\n]*")
_MAX_BLANK = 64


def may_be_widget(field: Dictionary) -> bool:
    """Return whether a field is a widget, or no annotation at all (section 12.5.6.19)."""
    is_named = name(field.get("/Subtype")) == "/Widget"
    kind_fits = "/Type" not in field or name(field.get("/Type")) == "/Annot"
    return kind_fits and (is_named or not {"/Subtype", "/AP"} & set(field.keys()))


def is_invisible(field: Dictionary) -> bool:
    """Return whether no viewer can draw anything for a field.

    An appearance must be empty, since some viewers draw one without a box as large as it is, even
    if the rectangle has no area. Raises Refused.
    """
    if not may_be_widget(field):
        return False
    if "/Rect" not in field:
        return "/AP" not in field
    found = rectangle_of(field.get("/Rect"))
    if found is None or found.left != found.right or found.bottom != found.top:
        return False
    return "/AP" not in field or _is_blank(dictionary(field.get("/AP")))


def _is_blank(drawn: Dictionary | None) -> bool:
    """Return whether an appearance is one form with nothing in it, in a box without an area."""
    form = _normal_form(drawn)
    if form is None or not set(form.keys()) <= _BLANK_FORM:
        return False
    box = rectangle_of(form.get("/BBox"))
    if box is None or box.area or form.get("/Filter", Name.FlateDecode) != Name.FlateDecode:
        return False
    try:
        return _BLANK.fullmatch(unpacked(form, _MAX_BLANK)) is not None
    except (Refused, PdfError):
        return False


def _normal_form(drawn: Dictionary | None) -> Stream | None:
    """Return the form of an appearance that has nothing else."""
    if drawn is None or set(drawn.keys()) != {"/N"}:
        return None
    form = drawn.get("/N")
    return form if isinstance(form, Stream) and name(form.get("/Subtype")) == "/Form" else None


def is_confined(widget: Dictionary, limits: Limits) -> bool:
    """Return whether what a widget draws is always the same, and in its rectangle.

    Raises Refused.
    """
    flags = widget.get("/F", 0)
    if isinstance(flags, bool) or not isinstance(flags, int) or flags & ~_FLAGS:
        return False
    if name(widget.get("/Subtype")) != "/Widget":
        return False
    if "/AP" not in widget:
        return True
    form = _normal_form(dictionary(widget.get("/AP")))
    if form is None:
        return False
    box = rectangle_of(form.get("/BBox"))
    return box is not None and box.area > 0 and _is_constant(form, limits)


def _is_constant(form: Stream, limits: Limits) -> bool:
    """Return whether nothing that a form leads to varies. Raises Refused."""
    seen: set[tuple[int, int]] = set()
    waiting: list[object] = [form]
    count = 0
    while waiting:
        one = waiting.pop()
        count += 1
        if count > limits.objects:
            raise Refused("complex")
        if not isinstance(one, Object) or one.objgen in seen:
            continue
        if one.is_indirect:
            seen.add(one.objgen)
        if _varies(one):
            return False
        waiting += _parts(one)
    return True


def _parts(one: Object) -> list[object]:
    if isinstance(one, Array):
        return list(one)
    if not isinstance(one, Stream | Dictionary):
        return []
    return [one.get(key) for key in set(one.keys())]


def _varies(one: Object) -> bool:
    if not isinstance(one, Stream | Dictionary):
        return False
    kind = text(one.get("/Type"))
    if kind in _LAYERS or kind in _OTHERS:
        return True
    if not isinstance(one, Stream):
        return False
    return has_program(one) or not _VARYING.isdisjoint(one.keys())


def has_program(one: Stream) -> bool:
    """Return whether a stream is PostScript, which is printed and not shown."""
    return _PROGRAM in {text(one.get("/Subtype")), text(one.get("/Subtype2"))}
