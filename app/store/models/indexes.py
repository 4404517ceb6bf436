"""What threads are found and counted by; all of it follows from their versions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from app.store.database.types import CODE, ROW_ID, UtcDateTime
from app.store.models.base import Base


class SignatureTerm(Base):
    """Search index: terms of each thread's current version, beside its tags."""

    __tablename__ = "signature_terms"
    __table_args__ = ({"sqlite_with_rowid": False},)

    term: Mapped[str] = mapped_column(CODE, primary_key=True)
    signature_id: Mapped[int] = mapped_column(ROW_ID, primary_key=True, autoincrement=False)


class SignatureTag(Base):
    """Search index: the tags of each thread's current version.

    It has no foreign key: that would need a second index and a check for each tag that is saved.
    `signatures.writing` writes it together with its version.
    """

    __tablename__ = "signature_tags"
    __table_args__ = ({"sqlite_with_rowid": False},)

    tag: Mapped[str] = mapped_column(CODE, primary_key=True)
    signature_id: Mapped[int] = mapped_column(ROW_ID, primary_key=True, autoincrement=False)


class SignaturePair(Base):
    """Search index: pairs of tags of each thread's current version, as numbered by `tag_pairs`.

    It is for common tags that rarely occur together, where scanning one tag alone would take long.
    """

    __tablename__ = "signature_pairs"
    __table_args__ = ({"sqlite_with_rowid": False},)

    pair: Mapped[int] = mapped_column(ROW_ID, primary_key=True, autoincrement=False)
    signature_id: Mapped[int] = mapped_column(ROW_ID, primary_key=True, autoincrement=False)


class KeptCount(Base):
    """How many threads with an id up to one have something in common (`search.counts`)."""

    __tablename__ = "kept_counts"
    __table_args__ = (
        # SQLite's triggers ask for the highest.
        Index("ix_kept_counts_upto", "upto"),
    )

    #: What they have in common: `all`, or a kind and a value, such as `tag:loan`.
    key: Mapped[str] = mapped_column(CODE, primary_key=True)
    upto: Mapped[int] = mapped_column(ROW_ID)
    #: None while it is counted; changes are noted already.
    number: Mapped[int | None] = mapped_column(ROW_ID)
    #: When a process last tried to count.
    tried_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CountChange(Base):
    """A thread that was saved before lost (-1) or gained (1) what a count is kept of."""

    __tablename__ = "count_changes"
    __table_args__ = (Index("ix_count_changes_key", "key", "signature_id"),)

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    key: Mapped[str] = mapped_column(CODE)
    signature_id: Mapped[int] = mapped_column(ROW_ID)
    change: Mapped[int] = mapped_column(Integer)
