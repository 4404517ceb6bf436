"""Documents that are kept: the content that was signed, or is to be, once for each SHA-256."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.store.database.types import ROW_ID, UtcDateTime
from app.store.models.base import Base, of_version


class Content(Base):
    """A document. It never changes, and goes with the last that refers to it."""

    __tablename__ = "contents"

    #: Of the document, 32 bytes.
    sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    #: Bytes.
    size: Mapped[int] = mapped_column(BigInteger)
    #: Its other digests: algorithm, dotted -> hex.
    digests: Mapped[dict[str, str]] = mapped_column(JSON)
    #: Where it is outside the database, as `contents.places` writes it; None: in `ContentChunk`.
    location: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ContentChunk(Base):
    """A part of a document that is in the database."""

    __tablename__ = "content_chunks"

    sha256: Mapped[bytes] = mapped_column(
        LargeBinary,
        ForeignKey("contents.sha256", ondelete="CASCADE", name="fk_content_chunks_contents"),
        primary_key=True,
    )
    #: Counted from 0.
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class VersionContent(Base):
    """The document that a version signs."""

    __tablename__ = "version_contents"
    __table_args__ = (
        of_version("version_contents"),
        # Whether anything still refers to a document.
        Index("ix_version_contents_sha256", "sha256"),
        {"sqlite_with_rowid": False},
    )

    signature_id: Mapped[int] = mapped_column(ROW_ID, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    sha256: Mapped[bytes] = mapped_column(
        LargeBinary, ForeignKey("contents.sha256", name="fk_version_contents_contents")
    )
    #: The file's name and media type, as stated by the caller.
    name: Mapped[str | None] = mapped_column(Text)
    media_type: Mapped[str | None] = mapped_column(Text)


class PackageContent(Base):
    """The document that is to be signed in a package; its name is that of `PackageDocument`."""

    __tablename__ = "package_contents"
    __table_args__ = (
        ForeignKeyConstraint(
            ["package_id", "number"],
            ["package_documents.package_id", "package_documents.number"],
            ondelete="CASCADE",
            name="fk_package_contents_package_documents",
        ),
        Index("ix_package_contents_sha256", "sha256"),
        {"sqlite_with_rowid": False},
    )

    package_id: Mapped[int] = mapped_column(ROW_ID, primary_key=True, autoincrement=False)
    #: As in `PackageDocument`.
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    sha256: Mapped[bytes] = mapped_column(
        LargeBinary, ForeignKey("contents.sha256", name="fk_package_contents_contents")
    )
    media_type: Mapped[str | None] = mapped_column(Text)
