"""The parameters of a list by which it is read page by page, and its threads are counted."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any, Literal

from marshmallow import fields

from app.api.params.errors import ParameterError
from app.api.params.fields import Flag
from app.api.params.values import BLANKS, MAX_INTEGER, as_text

#: Whether threads are counted: all of them, or up to a bound.
CountMode = bool | Literal["bounded"]

#: The first byte of a cursor: another form of it would have another one.
_FORM = b"\x01"
_BYTES = 8


def write_cursor(before: int) -> str:
    """Return the text of a cursor, 12 letters that need no escaping in an address."""
    return urlsafe_b64encode(_FORM + before.to_bytes(_BYTES)).decode()


class CursorText(fields.Field[int | None]):
    """A cursor of an answer, as the id below which the list goes on; empty: its start."""

    def __init__(self) -> None:
        super().__init__(load_default=None, allow_none=True)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kw: Any
    ) -> int:
        text = as_text(value, str(attr)).strip(BLANKS)
        before = _read_cursor(text) if text else MAX_INTEGER
        if before is None:
            raise ParameterError(
                '"{field}" parameter must be the "next_cursor" of an answer, or empty', field=attr
            )
        return before


def _read_cursor(text: str) -> int | None:
    try:
        data = urlsafe_b64decode(text)
    except ValueError:
        return None
    before = int.from_bytes(data[1:][:_BYTES])
    # Decoding passes over letters that are no base64: only one text is that of a cursor.
    return before if before <= MAX_INTEGER and write_cursor(before) == text else None


class Count(Flag):
    """A boolean, or the word for a count up to a bound."""

    BOUNDED = "bounded"

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any
    ) -> Any:
        if isinstance(value, str) and value.lower() == self.BOUNDED:
            return self.BOUNDED
        try:
            return super()._deserialize(value, attr, data, **options)
        except ParameterError as error:
            raise ParameterError(
                '"{field}" parameter must be true, false or {word}', field=attr, word=self.BOUNDED
            ) from error
