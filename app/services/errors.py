"""Errors in a request, in one sentence."""

from __future__ import annotations

from typing import Self


class ParameterError(Exception):
    """A request that can't be understood. `template` is the English sentence for the caller."""

    def __init__(self, template: str, **values: object) -> None:
        super().__init__(template.format(**values))
        self.template = template
        self.values = values

    def inside(self, place: str) -> Self:
        """Return the same error with the field's name after that of the enclosing part.

        If the error is about the whole part, `field` is empty.
        """
        field = self.values["field"]
        return type(self)(
            self.template, **{**self.values, "field": f"{place}.{field}" if field else place}
        )


class UnsupportedMediaType(ParameterError):
    """A request whose body has a type that isn't accepted there."""


class ContentTooLarge(ParameterError):
    """A document that is larger than the server keeps."""
