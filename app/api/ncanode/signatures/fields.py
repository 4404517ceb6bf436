"""The parameters of a list by which it is read page by page, and its threads are counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from marshmallow import fields

from app.api.params.fields import Flag
from app.api.params.values import BLANKS, MAX_INTEGER, as_text
from app.services.cursors import read_cursor
from app.services.errors import ParameterError

#: Whether threads are counted: all of them, or up to a bound.
CountMode = bool | Literal["bounded"]


class CursorText(fields.Field[int | None]):
    """A cursor of an answer, as the id below which the list goes on; empty: its start."""

    def __init__(self) -> None:
        super().__init__(load_default=None, allow_none=True)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kw: Any
    ) -> int:
        text = as_text(value, str(attr)).strip(BLANKS)
        before = read_cursor(text) if text else MAX_INTEGER
        if before is None:
            raise ParameterError(
                '"{field}" parameter must be the "next_cursor" of an answer, or empty', field=attr
            )
        return before


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
