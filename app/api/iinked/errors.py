"""What the family refuses with a code of its own."""

from __future__ import annotations

from app.api.params.errors import ParameterError


class InvalidType(ParameterError):
    """There is no such type of package, or not here."""


class InvalidState(ParameterError):
    """A package can't be added in this state, or listed by it."""


class InvalidSignBy(ParameterError):
    """The time to sign by is none, or is over."""


class NoDocuments(ParameterError):
    """A package has nothing to sign."""


class NoSigners(ParameterError):
    """A package has no signer."""


class NameLength(ParameterError):
    """A package has no name, or one that is too long."""
