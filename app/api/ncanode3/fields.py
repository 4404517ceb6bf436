"""Fields of this family: lists of texts, and the sources of revocation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from app.api.params.fields import Choices
from app.api.params.values import as_list, as_text, check_text
from app.services.errors import ParameterError

#: What a caller may name as a source of revocation.
SOURCES = ("OCSP", "CRL")


class Sources(Choices):
    """Some of SOURCES. Null and an empty list name none."""

    def __init__(self) -> None:
        super().__init__(*SOURCES)


class Texts(fields.Field[tuple[str, ...]]):
    """A list of texts; a single one is a list of one."""

    def __init__(self, *, limit: int, **options: Any) -> None:
        super().__init__(load_default=(), **options)
        self.limit = limit

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kw: Any
    ) -> tuple[str, ...]:
        given = as_list(value)
        items = given if isinstance(given, list) else [given]
        if len(items) > self.limit:
            raise ParameterError(
                '"{field}" parameter must have at most {limit} items', field=attr, limit=self.limit
            )
        names = [f"{attr}[{number}]" for number in range(len(items))]
        return tuple(
            check_text(as_text(item, name), name, None)
            for item, name in zip(items, names, strict=True)
        )
