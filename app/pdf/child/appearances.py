"""What the appearance of a widget may have, so that it draws in its own rectangle and no more.

A viewer scales the box of the appearance to the rectangle of the annotation, and draws nothing
beyond (ISO 32000-1 section 12.5.5).
"""

from __future__ import annotations

from pikepdf import Array, Dictionary, Object, Stream

from app.pdf.child.fields import rectangle_of
from app.pdf.child.opening import Refused, dictionary, text
from app.pdf.limits import Limits

#: Print, ReadOnly, Locked, LockedContents (section 12.5.3). The others hide a widget, or draw it
#: elsewhere as the page is turned or enlarged.
_FLAGS = 4 | 64 | 128 | 512
#: Of a stream: what is drawn comes from elsewhere, or depends on a layer or on who prints.
_VARYING = {"/F", "/FFilter", "/FDecodeParms", "/Ref", "/OPI", "/OC", "/Alternates"}
_LAYERS = {"/OCG", "/OCMD"}
#: What an appearance has no reason to lead to.
_OTHERS = {"/Page", "/Pages", "/Catalog", "/Annot", "/Action", "/Filespec"}
_PROGRAM = "/PS"


def is_confined(widget: Dictionary, limits: Limits) -> bool:
    """Return whether what a widget draws is always the same, and in its rectangle.

    Raises Refused.
    """
    flags = widget.get("/F", 0)
    if isinstance(flags, bool) or not isinstance(flags, int) or flags & ~_FLAGS:
        return False
    if "/AP" not in widget:
        return True
    drawn = dictionary(widget.get("/AP"))
    if drawn is None or set(drawn.keys()) != {"/N"}:
        return False
    form = drawn.get("/N")
    if not isinstance(form, Stream) or text(form.get("/Subtype")) != "/Form":
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
    kinds = {text(one.get("/Subtype")), text(one.get("/Subtype2"))}
    return _PROGRAM in kinds or not _VARYING.isdisjoint(one.keys())
