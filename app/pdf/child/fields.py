"""The signature fields of a form (ISO 32000-1 section 12.7.4.5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from pikepdf import Dictionary, Pdf

from app.pdf.child.opening import Refused, dictionary, entries, text
from app.pdf.limits import Limits


@dataclass(frozen=True)
class SignatureField:
    """A field with its full name; `value` is the signature dictionary, None if it is not signed."""

    name: str
    field: Dictionary
    value: Dictionary | None

    @property
    def byte_range(self) -> list[int] | None:
        """The ByteRange, if it is a list of integers."""
        given = entries(self.value.get("/ByteRange"), 64) if self.value is not None else []
        numbers = [one for one in given if isinstance(one, int) and not isinstance(one, bool)]
        return numbers if numbers and len(numbers) == len(given) else None

    @property
    def contents(self) -> bytes:
        """The Contents, decoded."""
        given = self.value.get("/Contents") if self.value is not None else None
        return bytes(given) if given is not None else b""


def list_signature_fields(pdf: Pdf, limits: Limits) -> Iterator[SignatureField]:
    """List the signature fields, in their order. Raises Refused."""
    form = dictionary(pdf.Root.get("/AcroForm"))
    if form is None:
        return
    seen: set[tuple[int, int]] = set()
    top = reversed(entries(form.get("/Fields"), limits.fields))
    waiting: list[tuple[object, str, object, int]] = [(one, "", None, 0) for one in top]
    count = 0
    while waiting:
        value, prefix, inherited, depth = waiting.pop()
        count += 1
        field = dictionary(value)
        if field is None:
            continue
        if depth > limits.depth or count > limits.fields or field.objgen in seen:
            raise Refused("complex")
        if field.is_indirect:
            seen.add(field.objgen)
        own = text(field.get("/T"))
        name = ".".join(filter(None, (prefix, own)))
        kind = text(field.get("/FT")) or inherited
        kids = entries(field.get("/Kids"), limits.fields)
        if kind == "/Sig" and (own is not None or not kids):
            yield SignatureField(name, field, dictionary(field.get("/V")))
        waiting += [(kid, name, kind, depth + 1) for kid in reversed(kids)]


def is_invisible(field: Dictionary) -> bool:
    """Return whether the widget of a field has no area, so that nothing is drawn."""
    rectangle = entries(field.get("/Rect"), 8)
    if not rectangle:
        return dictionary(field.get("/AP")) is None
    numbers = list(map(_number, rectangle))
    if len(numbers) != 4 or None in numbers:
        return False
    left, bottom, right, top = numbers
    return left == right and bottom == top


def _number(value: object) -> Decimal | None:
    return Decimal(value) if isinstance(value, int | Decimal) else None
