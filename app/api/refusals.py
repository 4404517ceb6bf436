"""What is wrong with a request, in one sentence."""

from __future__ import annotations


class ParameterError(Exception):
    """A request that can't be understood. `template` is the English sentence for the caller."""

    def __init__(self, template: str, **values: object) -> None:
        super().__init__(template.format(**values))
        self.template = template
        self.values = values


class UnsupportedMediaType(ParameterError):
    """A request whose body is of a kind that is not read there."""
