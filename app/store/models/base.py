"""What all tables share."""

from __future__ import annotations

from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """Registry of the tables below, for Flask-SQLAlchemy."""


def of_version(table: str) -> ForeignKeyConstraint:
    """Return the constraint that the rows of a table go with their version."""
    return ForeignKeyConstraint(
        ["signature_id", "version"],
        ["versions.signature_id", "versions.version"],
        ondelete="CASCADE",
        name=f"fk_{table}_versions",
    )
