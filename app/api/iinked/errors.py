"""Errors for which the family has a code of its own."""

from __future__ import annotations

from app.services.errors import ParameterError


class InvalidType(ParameterError):
    """The type of package is unknown, or not supported here."""


class InvalidState(ParameterError):
    """A package can't be added in this state, or listed by it."""


class InvalidSignBy(ParameterError):
    """The time to sign by is invalid, or over."""


class NoDocuments(ParameterError):
    """A package has no documents."""


class NoSigners(ParameterError):
    """A package has no signers."""


class NameLength(ParameterError):
    """A package has no name, or one that is too long."""
