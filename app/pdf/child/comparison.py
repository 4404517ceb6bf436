"""Two revisions of a document, compared object by object, from the catalog down.

A change is named by where it is. Allowed are: /DSS and /Extensions in the catalog, /SigFlags, new
signature fields, signing an empty field, and dates of change. Fields that are seen are listed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream, String

from app.pdf.child.fields import list_signature_fields
from app.pdf.child.metadata import is_dated_anew
from app.pdf.child.opening import Refused, dictionary
from app.pdf.child.permitted import (
    NOTHING,
    VISIBLE,
    allows_nothing,
    are_extensions,
    is_certified,
    is_validation_data,
    name_filling,
    name_new_field,
)
from app.pdf.child.shown import Shown, find_shown
from app.pdf.limits import Limits

#: Names of changes in the catalog; what is not here is "catalog".
_CATALOG = {
    "/Pages": "pages",
    "/AcroForm": "form",
    "/Metadata": "metadata",
    "/Perms": "permissions",
    "/Names": "names",
    "/OCProperties": "layers",
    "/OpenAction": "actions",
    "/AA": "actions",
    "/Outlines": "outlines",
}
#: Different changes that are named.
_MAX_NAMED = 8
_KINDS = (Stream, Dictionary, Array, Name, String)


@dataclass(frozen=True)
class Changes:
    """Names of changes that are not allowed, and signatures that are seen since.

    `stamps` are fields that a certification allows only if they have timestamps.
    """

    named: list[str]
    shown: list[Shown] = field(default_factory=list)
    stamps: set[tuple[int, int]] = field(default_factory=set)


class Comparison:
    """A signed revision, and the whole file."""

    def __init__(self, before: Pdf, after: Pdf, limits: Limits) -> None:
        self._before, self._after = before, after
        self._limits = limits
        self._pages = {page.objgen for page in before.pages}
        fields = list(list_signature_fields(before, limits))
        self._fields = {one.field.objgen for one in fields if one.field.is_indirect}
        self._is_final = allows_nothing(before)
        self._seen: set[tuple[tuple[int, int], tuple[int, int]]] = set()
        self._waiting: list[tuple[object, object, str]] = []
        self._found: dict[str, None] = {}
        #: Widgets of further signatures that are seen.
        self._visible: list[Object] = []
        self._stamps: set[tuple[int, int]] = set()
        self._may_be_new = not is_certified(before)

    def changes(self) -> Changes:
        """Return the names of all changes that are not allowed, and what is seen anew.

        Raises Refused.
        """
        self._catalog(self._before.Root, self._after.Root)
        self._information()
        count = 0
        while self._waiting and len(self._found) < _MAX_NAMED:
            count += 1
            if count > self._limits.objects:
                raise Refused("complex")
            self._compare(*self._waiting.pop())
        shown = find_shown(self._after, self._visible, self._limits)
        if shown is None:
            self._name(VISIBLE)
        return Changes(list(self._found), shown or [], self._stamps)

    def _name(self, change: str | None) -> None:
        if change is not None:
            self._found[change] = None

    def _name_widget(self, change: str | None, widget: object) -> None:
        """Name the change that a signature field is, or note one that is only seen."""
        if self._is_final and isinstance(widget, Object) and "/V" in widget:
            self._stamps.add(widget.objgen)
        if change == VISIBLE and isinstance(widget, Object):
            self._visible.append(widget)
        else:
            self._name(change)

    def _catalog(self, old: Object, new: Object) -> None:
        for key in sorted({*old.keys(), *new.keys()}):
            one, other = old.get(key, NOTHING), new.get(key, NOTHING)
            if key == "/DSS":
                self._name(None if is_validation_data(other) else "catalog")
            elif key == "/Extensions":
                self._name(None if are_extensions(other) else "catalog")
            elif key == "/Metadata" and is_dated_anew(one, other, self._limits):
                continue
            elif key == "/AcroForm":
                self._form(dictionary(one), dictionary(other))
            else:
                self._waiting.append((one, other, _CATALOG.get(key, "catalog")))

    def _information(self) -> None:
        """Compare the document information, but for what was changed when, and by which program."""
        old, new = (dictionary(one.trailer.get("/Info")) for one in (self._before, self._after))
        self._members(old, new, "information", {"/ModDate", "/Producer"})

    def _form(self, old: Dictionary | None, new: Dictionary | None) -> None:
        """Compare the forms: fields may be added at the end."""
        self._members(old, new, "form", {"/Fields", "/SigFlags"})
        self._longer(_get(old, "/Fields"), _get(new, "/Fields"), "form")

    def _longer(self, old: object, new: object, place: str) -> None:
        """Compare lists of fields or annotations: what was added must be signature fields."""
        before = list(old) if isinstance(old, Array) else []
        after = list(new) if isinstance(new, Array) else []
        are_lists = all(isinstance(one, Array) or one is NOTHING for one in (old, new))
        if len(after) < len(before) or not are_lists:
            self._name(place)
            return
        self._waiting += [(one, after[at], place) for at, one in enumerate(before)]
        for one in after[len(before) :]:
            change = name_new_field(one, is_final=self._is_final)
            # What a certification allows is to sign the fields that it has.
            if change == VISIBLE and not self._may_be_new:
                self._name(change)
            else:
                self._name_widget(change, one)

    def _compare(self, old: object, new: object, place: str) -> None:
        """Compare two values, and have those in them compared."""
        if not isinstance(old, Object) or not isinstance(new, Object):
            if type(old) is not type(new) or old != new:
                self._name(place)
            return
        if old.is_indirect and new.is_indirect:
            pair = (old.objgen, new.objgen)
            if pair in self._seen:
                return
            self._seen.add(pair)
        kind = next((one for one in _KINDS if isinstance(old, one)), None)
        if kind is None or not isinstance(new, kind):
            self._name(place)
        elif isinstance(old, Array) and isinstance(new, Array):
            self._elements(list(old), list(new), place)
        elif isinstance(old, Name | String):
            self._name(None if bytes(old) == bytes(new) else place)
        else:
            self._objects(old, new, place)

    def _elements(self, old: list[object], new: list[object], place: str) -> None:
        if len(old) != len(new):
            self._name(place)
        else:
            self._waiting += [(one, other, place) for one, other in zip(old, new, strict=True)]

    def _objects(self, old: Object, new: Object, place: str) -> None:
        """Compare dictionaries, or streams."""
        if isinstance(old, Stream) and isinstance(new, Stream):
            self._name(None if old.read_raw_bytes() == new.read_raw_bytes() else place)
            self._members(old, new, place, {"/Length"})
        elif old.is_indirect and old.objgen in self._pages:
            self._longer(_get(old, "/Annots"), _get(new, "/Annots"), "annotation")
            self._members(old, new, "pages", {"/Annots"})
        elif old.is_indirect and old.objgen in self._fields and dictionary(old.get("/V")) is None:
            self._name_widget(name_filling(old, new, is_final=self._is_final), new)
            self._members(old, new, "form", {"/V", "/AP"})
        else:
            self._members(old, new, place, set())

    def _members(
        self, old: Object | None, new: Object | None, place: str, besides: set[str]
    ) -> None:
        keys = {*(old.keys() if old is not None else ()), *(new.keys() if new is not None else ())}
        self._waiting += [(_get(old, key), _get(new, key), place) for key in sorted(keys - besides)]


def _get(holder: Object | None, key: str) -> object:
    return NOTHING if holder is None else holder.get(key, NOTHING)
