"""The signature fields of a form (ISO 32000-1 section 12.7.4.5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from pikepdf import Dictionary, Pdf

from app.pdf.child.opening import Refused, dictionary, entries, name, text
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
        full = ".".join(filter(None, (prefix, own)))
        kind = name(field.get("/FT")) or inherited
        kids = entries(field.get("/Kids"), limits.fields)
        if kind == "/Sig" and (own is not None or not kids):
            yield SignatureField(full, field, dictionary(field.get("/V")))
        waiting += [(kid, full, kind, depth + 1) for kid in reversed(kids)]


@dataclass(frozen=True)
class Rectangle:
    """A rectangle (ISO 32000-1 section 7.9.5), with its corners in order."""

    left: Decimal
    bottom: Decimal
    right: Decimal
    top: Decimal

    @property
    def area(self) -> Decimal:
        """The area, in square units."""
        return (self.right - self.left) * (self.top - self.bottom)

    def is_within(self, other: Rectangle) -> bool:
        """Return whether all of it lies in another one."""
        return (
            other.left <= self.left <= self.right <= other.right
            and other.bottom <= self.bottom <= self.top <= other.top
        )

    def touches(self, other: Rectangle) -> bool:
        """Return whether it has a point in common with another one."""
        return (
            self.left <= other.right
            and other.left <= self.right
            and self.bottom <= other.top
            and other.bottom <= self.top
        )


def rectangle_of(value: object) -> Rectangle | None:
    """Return an array of four numbers as a rectangle; None for anything else. Raises Refused."""
    numbers = [_number(one) for one in entries(value, 8)]
    known = [one for one in numbers if one is not None and one.is_finite()]
    if len(known) != 4 or len(numbers) != 4:
        return None
    x, y, other_x, other_y = known
    return Rectangle(min(x, other_x), min(y, other_y), max(x, other_x), max(y, other_y))


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return Decimal(value)
