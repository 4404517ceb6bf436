"""Packages: who should sign what."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, ForeignKeyConstraint, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.database.types import CODE, PUBLIC_ID, ROW_ID, UtcDateTime
from app.store.models.base import Base, of_version


class Package(Base):
    """Who should sign what, within one thread name. Signatures are never kept here."""

    __tablename__ = "packages"
    __table_args__ = (
        Index("ix_packages_thread_id", "thread", "id"),
        # A page of the newest.
        Index("ix_packages_created_at_id", "created_at", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    public_id: Mapped[str] = mapped_column(PUBLIC_ID, unique=True)
    name: Mapped[str | None] = mapped_column(Text)
    #: `concurrent`, `Sequential` or `Counterpart`.
    type: Mapped[str] = mapped_column(Text)
    #: The thread, in each of its documents, that the signatures are saved under.
    thread: Mapped[str] = mapped_column(CODE)
    #: Name of the token that added it, None if none was required.
    member: Mapped[str | None] = mapped_column(Text)
    #: A JSON object that is returned unchanged.
    external_data: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    generate_links: Mapped[bool] = mapped_column(Boolean)
    #: Random, hex: the key for the tokens of its links.
    link_key: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sign_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: None: a draft.
    opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rescinded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rescind_message: Mapped[str | None] = mapped_column(Text)


class PackageDocument(Base):
    """One document of a package."""

    __tablename__ = "package_documents"
    __table_args__ = (
        # Neither index alone would do: all packages of a deployment may have one document code, or
        # one thread name.
        Index("ix_package_documents_document_thread", "document", "thread", "package_id"),
    )

    package_id: Mapped[int] = mapped_column(
        ROW_ID, ForeignKey("packages.id", ondelete="CASCADE"), primary_key=True
    )
    #: Counted from 1, in the given order.
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    #: The code that its signatures are saved under, and the package's thread.
    document: Mapped[str] = mapped_column(CODE)
    thread: Mapped[str] = mapped_column(CODE)
    name: Mapped[str | None] = mapped_column(Text)
    file_name: Mapped[str | None] = mapped_column(Text)
    order: Mapped[int] = mapped_column(Integer)
    #: SHA-256 of what is to be signed, hex, if given.
    sha256: Mapped[str | None] = mapped_column(Text)


class PackageSigner(Base):
    """A person or organisation that must sign every document of a package."""

    __tablename__ = "package_signers"
    __table_args__ = (
        Index("ix_package_signers_iin", "iin", "package_id"),
        Index("ix_package_signers_bin", "bin", "package_id"),
    )

    package_id: Mapped[int] = mapped_column(
        ROW_ID, ForeignKey("packages.id", ondelete="CASCADE"), primary_key=True
    )
    #: Counted from 1, in the given order.
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    first_name: Mapped[str | None] = mapped_column(Text)
    last_name: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    mobile_number: Mapped[str | None] = mapped_column(Text)
    order: Mapped[int] = mapped_column(Integer)
    #: These identify the signer's signatures: twelve digits of a person, of an organisation, and a
    #: role as certificates claim it.
    iin: Mapped[str | None] = mapped_column(CODE)
    bin: Mapped[str | None] = mapped_column(CODE)
    role: Mapped[str | None] = mapped_column(Text)


class PackageDecision(Base):
    """What a signer decided instead of signing, or the office about the signer's links."""

    __tablename__ = "package_decisions"

    package_id: Mapped[int] = mapped_column(
        ROW_ID, ForeignKey("packages.id", ondelete="CASCADE"), primary_key=True
    )
    #: `package_signers.number`.
    signer: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    #: `declined` or `revoked`.
    kind: Mapped[str] = mapped_column(CODE, primary_key=True)
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The signer's own words.
    reason: Mapped[str | None] = mapped_column(Text)


class PackageSigning(Base):
    """What a signer saved by a link: which signer of which version is the holder of the link."""

    __tablename__ = "package_signings"
    __table_args__ = (
        ForeignKeyConstraint(
            ["package_id", "number"],
            ["package_documents.package_id", "package_documents.number"],
            ondelete="CASCADE",
            name="fk_package_signings_package_documents",
        ),
        of_version("package_signings"),
        # A deletion of versions takes these rows along.
        Index("ix_package_signings_signature_id_version", "signature_id", "version"),
        {"sqlite_with_rowid": False},
    )

    package_id: Mapped[int] = mapped_column(ROW_ID, primary_key=True, autoincrement=False)
    #: As in `PackageDocument`.
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    #: `package_signers.number`.
    signer: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    #: The version that was saved, and the place of the signer in it, from 1.
    signature_id: Mapped[int] = mapped_column(ROW_ID)
    version: Mapped[int] = mapped_column(Integer)
    place: Mapped[int] = mapped_column(Integer)
