"""Further signatures that are shown on a page: where, if nothing else can be hidden by that.

What they cover of the page itself is not known, so each is named. Whose it is, and whether it is
good, is for the parent to say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from pikepdf import Dictionary, Object, Page, Pdf

from app.pdf.child.appearances import is_confined
from app.pdf.child.fields import Rectangle, list_signature_fields, rectangle_of
from app.pdf.child.opening import Refused, dictionary, entries
from app.pdf.limits import Limits

#: Of the page, the part that one signature may take: one over four.
_SHARE = 4


@dataclass(frozen=True)
class Shown:
    """A signature field that is shown: its name, the page, from 1, and the rectangle there."""

    field: str
    page: int
    rectangle: str


def find_shown(pdf: Pdf, widgets: Iterable[Object], limits: Limits) -> list[Shown] | None:
    """Return where signature fields are shown; None if that is not known of one of them.

    Each must be a field of the form, stand on one page once, and cover no other annotation there.
    Raises Refused.
    """
    wanted = {one.objgen: one for one in widgets}
    if len(wanted) > limits.signatures:
        raise Refused("complex")
    if not wanted:
        return []
    fields = list(list_signature_fields(pdf, limits))
    names = {one.field.objgen: one.name for one in fields}
    used = Counter(one.name for one in fields)
    places = _places(pdf, set(wanted), limits)
    found = []
    for number, widget in wanted.items():
        where, held = places.get(number, []), dictionary(widget)
        name = names.get(number)
        if not any(number) or name is None or used[name] > 1 or len(where) != 1 or held is None:
            return None
        rectangle = _rectangle_on(pdf.pages[where[0]], held, limits)
        if rectangle is None or not is_confined(held, limits):
            return None
        found.append(Shown(name, where[0] + 1, _write(rectangle)))
    return found


def _places(
    pdf: Pdf, wanted: set[tuple[int, int]], limits: Limits
) -> dict[tuple[int, int], list[int]]:
    """Return on which pages each of the widgets stands. Raises Refused."""
    places: dict[tuple[int, int], list[int]] = {}
    for at, page in enumerate(pdf.pages):
        for one in entries(page.obj.get("/Annots"), limits.fields):
            if isinstance(one, Object) and one.is_indirect and one.objgen in wanted:
                places.setdefault(one.objgen, []).append(at)
    return places


def _rectangle_on(page: Page, widget: Dictionary, limits: Limits) -> Rectangle | None:
    """Return the rectangle of a widget; None if it has no area, or covers too much."""
    own, whole = rectangle_of(widget.get("/Rect")), rectangle_of(page.cropbox)
    if own is None or whole is None or not own.is_within(whole):
        return None
    if not 0 < own.area * _SHARE <= whole.area:
        return None
    parent = widget.get("/P")
    if parent is not None and getattr(parent, "objgen", None) != page.obj.objgen:
        return None
    for one in entries(page.obj.get("/Annots"), limits.fields):
        other = dictionary(one)
        if other is None:
            return None
        if other.objgen != widget.objgen:
            covered = rectangle_of(other.get("/Rect"))
            if covered is None or (covered.area and own.touches(covered)):
                return None
    return own


def _write(rectangle: Rectangle) -> str:
    corners = (rectangle.left, rectangle.bottom, rectangle.right, rectangle.top)
    return " ".join(str(round(corner)) for corner in corners)
