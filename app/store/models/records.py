"""Evidence records (RFC 4998): stamped hash trees, and which version is a leaf of which."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.store.database.types import CODE, ROW_ID, UtcDateTime
from app.store.models.base import Base, of_version


class EvidenceUnrecorded(Base):
    """A version that is to become a leaf of the next tree."""

    __tablename__ = "evidence_unrecorded"
    __table_args__ = (of_version("evidence_unrecorded"), {"sqlite_with_rowid": False})

    signature_id: Mapped[int] = mapped_column(ROW_ID, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    #: A batch whose hash algorithm weakens, so that the record that counts gets a new chain; None:
    #: a new record.
    renews: Mapped[int | None] = mapped_column(ROW_ID)


class EvidenceBatch(Base):
    """A hash tree. It is a draft until it has a token, and never changes afterwards."""

    __tablename__ = "evidence_batches"
    __table_args__ = (
        Index("ix_evidence_batches_due_at", "due_at"),
        # The draft.
        Index(
            "ix_evidence_batches_draft",
            "id",
            postgresql_where=text("token IS NULL"),
            sqlite_where=text("token IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    #: Hash algorithm of the tree, dotted.
    algorithm: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The timestamp token over the root; DER.
    token: Mapped[bytes | None] = mapped_column(LargeBinary)
    gen_time: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: When the certificate of its timestamp authority ends.
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The first leaf of each part of the tree, and the root of each; see `EvidencePart`.
    firsts: Mapped[bytes | None] = mapped_column(LargeBinary)
    tops: Mapped[bytes | None] = mapped_column(LargeBinary)
    #: Timestamps of the chain that begins with this one.
    stamps: Mapped[int] = mapped_column(SmallInteger)
    #: When the certificate of the newest of them ends; None: the chain isn't to be renewed.
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class EvidencePart(Base):
    """Some leaves of a stamped tree: 1024, fewer in the last part, sorted and joined."""

    __tablename__ = "evidence_parts"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - as SQLAlchemy wants it

    batch_id: Mapped[int] = mapped_column(
        ROW_ID,
        ForeignKey("evidence_batches.id", ondelete="CASCADE", name="fk_evidence_parts_batches"),
        primary_key=True,
        autoincrement=False,
    )
    #: From 0.
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    leaves: Mapped[bytes] = mapped_column(LargeBinary)


class EvidenceMembership(Base):
    """A version that is a leaf of a tree."""

    __tablename__ = "evidence_memberships"
    __table_args__ = (
        of_version("evidence_memberships"),
        Index("ix_evidence_memberships_batch_id", "batch_id"),
        {"sqlite_with_rowid": False},
    )

    signature_id: Mapped[int] = mapped_column(ROW_ID, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    batch_id: Mapped[int] = mapped_column(
        ROW_ID,
        ForeignKey("evidence_batches.id", name="fk_evidence_memberships_batches"),
        primary_key=True,
        autoincrement=False,
    )
    #: The hash values of the group that is the leaf, joined: of the signature, and of its evidence.
    members: Mapped[bytes] = mapped_column(LargeBinary)
    #: The batch with which the chain before begins, of the same record; None: it begins a record.
    continues: Mapped[int | None] = mapped_column(ROW_ID)
    #: Timestamps of the chain before that the leaf covers; 0: it begins a record.
    former: Mapped[int] = mapped_column(SmallInteger)


class EvidenceRenewal(Base):
    """A chain that is a leaf of another tree: its timestamps are renewed."""

    __tablename__ = "evidence_renewals"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - as SQLAlchemy wants it

    #: The batch with which the chain begins.
    first_id: Mapped[int] = mapped_column(
        ROW_ID,
        ForeignKey("evidence_batches.id", name="fk_evidence_renewals_firsts"),
        primary_key=True,
        autoincrement=False,
    )
    #: The place of the new timestamp in the chain, from 2.
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    batch_id: Mapped[int] = mapped_column(
        ROW_ID, ForeignKey("evidence_batches.id", name="fk_evidence_renewals_batches")
    )
    #: The hash values of the leaf, joined: of the tokens of the chain, and of what proves them.
    members: Mapped[bytes] = mapped_column(LargeBinary)


class EvidenceBatchItem(Base):
    """What proves the token of a batch after the certificate of its authority has ended."""

    __tablename__ = "evidence_batch_items"
    __table_args__ = (
        Index("ix_evidence_batch_items_sha256", "sha256"),
        {"sqlite_with_rowid": False},
    )

    batch_id: Mapped[int] = mapped_column(
        ROW_ID,
        ForeignKey(
            "evidence_batches.id", ondelete="CASCADE", name="fk_evidence_batch_items_batches"
        ),
        primary_key=True,
        autoincrement=False,
    )
    #: As in `EvidenceBlob`.
    kind: Mapped[str] = mapped_column(CODE, primary_key=True)
    sha256: Mapped[bytes] = mapped_column(
        LargeBinary,
        ForeignKey("evidence_blobs.sha256", name="fk_evidence_batch_items_evidence_blobs"),
        primary_key=True,
    )
