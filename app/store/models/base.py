"""What all tables share."""

from __future__ import annotations

from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """Registry of the tables below, for Flask-SQLAlchemy."""
