"""What reading a PDF gives: attached files, and signatures. Nothing of it is verified."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from app.pdf.asking import DAMAGED, ask
from app.pdf.errors import UnreadablePdf
from app.pdf.limits import USUAL, Limits

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in a PDF; `others` are the ends of all names that programs may give it."""

    name: str
    data: bytes
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attachments:
    """The files attached to a document, in the order of the name tree.

    `doubts` are names of what makes programs disagree about them: `order` (the keys are not
    sorted), `tree` (it is not regular), `structure` (the PDF can be read in more than one way),
    `two contents` (one file has several), `other names` (likewise), `other files` (the PDF has some
    that the tree doesn't name). `remarks` are those of SignatureDictionary.
    """

    pages: int
    files: tuple[Attachment, ...]
    doubts: tuple[str, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """A further signature that a page shows: its field, the page, from 1, and the rectangle."""

    field: str
    page: int
    rectangle: str


@dataclass(frozen=True, slots=True)
class SignatureDictionary:
    """What a PDF says of one signature, nothing of which is verified (ISO 32000-1 section 12.8.1).

    `changes` are names of what was changed after it, `shown` signatures that are seen since.
    `stamps` are the places in the list of those that a certification allows only if they are
    timestamps. `drawn` has the page, from 1, and the number of the first object that programs draw
    in different ways; both are 0 if that was not searched. `remarks` are names of what may let the
    document show something else (`app/pdf/child/remarks.py`).
    """

    field: str
    byte_range: tuple[int, ...]
    contents: bytes
    subfilter: str | None
    name: str | None
    reason: str | None
    location: str | None
    contact_info: str | None
    date: str | None
    changes: tuple[str, ...]
    shown: tuple[Shown, ...]
    remarks: tuple[str, ...] = ()
    stamps: tuple[int, ...] = ()
    drawn: tuple[int, int] | None = None


def read_attachments(data: bytes, limits: Limits = USUAL) -> Attachments:
    """Read the files attached to a PDF. Raises UnreadablePdf."""
    return _understood(_attachments, *ask("attachments", data, limits))


def read_signature_dictionaries(
    data: bytes, limits: Limits = USUAL
) -> tuple[SignatureDictionary, ...]:
    """Read the signatures of a PDF. Raises UnreadablePdf."""
    return _understood(_signatures, *ask("signatures", data, limits))


def _attachments(found: dict[str, Any], blobs: list[bytes]) -> Attachments:
    names = _texts(found["names"])
    files = tuple(
        Attachment(name, blob, _texts(others))
        for name, blob, others in zip(names, blobs, found["others"], strict=True)
    )
    return Attachments(
        int(found["pages"]), files, _texts(found["doubts"]), _texts(found["remarks"])
    )


def _signatures(found: dict[str, Any], blobs: list[bytes]) -> tuple[SignatureDictionary, ...]:
    return tuple(
        SignatureDictionary(
            field=_required(one["field"]),
            byte_range=tuple(int(number) for number in one["byte_range"] or ()),
            contents=blob,
            subfilter=_optional(one["subfilter"]),
            name=_optional(one["name"]),
            reason=_optional(one["reason"]),
            location=_optional(one["location"]),
            contact_info=_optional(one["contact_info"]),
            date=_optional(one["date"]),
            changes=_texts(one["changes"]),
            shown=tuple(
                Shown(_required(field), int(page), _required(rectangle))
                for field, page, rectangle in one["shown"]
            ),
            remarks=_texts(one["remarks"]),
            stamps=tuple(int(number) for number in one["stamps"]),
            drawn=_pair(one["drawn"]),
        )
        for one, blob in zip(found["signatures"], blobs, strict=True)
    )


def _understood(
    read: Callable[[dict[str, Any], list[bytes]], Value], found: dict[str, Any], blobs: list[bytes]
) -> Value:
    """Return an answer of the child as a value. Raises UnreadablePdf if it makes no sense."""
    try:
        return read(found, blobs)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadablePdf(DAMAGED.template) from error


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError
    return tuple(map(_required, value))


def _pair(value: object) -> tuple[int, int] | None:
    if value is None:
        return None
    if not isinstance(value, list | tuple):
        raise TypeError
    one, other = value
    return int(one), int(other)


def _required(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _optional(value: object) -> str | None:
    return None if value is None else _required(value)
