"""Threads, their versions, and the signers of each version."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.store.database.types import CODE, PUBLIC_ID, ROW_ID, UtcDateTime
from app.store.models.base import Base, of_version


class Signature(Base):
    """The head of one thread. Its id is never reused, even after the thread is deleted."""

    __tablename__ = "signatures"
    __table_args__ = (
        UniqueConstraint("document", "thread", name="uq_signatures_document_thread"),
        # For each filter, a page of newest threads is read backwards from one index.
        Index("ix_signatures_document_id", "document", "id"),
        Index("ix_signatures_thread_id", "thread", "id"),
        Index("ix_signatures_stage_id", "stage", "id"),
        Index("ix_signatures_public_id", "public_id", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    document: Mapped[str] = mapped_column(CODE)
    thread: Mapped[str] = mapped_column(CODE)
    #: Number of the current version; the first is 1.
    version: Mapped[int] = mapped_column(Integer)
    #: The current version's stage, also kept here so that a list can filter by it.
    stage: Mapped[str | None] = mapped_column(CODE)
    #: When the first and the last version were saved.
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The latest signing time that a signer of the current version claims, else the time of saving;
    #: None if not read yet.
    claimed_signed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The thread's id in other API families: never None, though SQLite can't be given that
    #: constraint later.
    public_id: Mapped[str | None] = mapped_column(PUBLIC_ID)


class Version(Base):
    """One save. The signature never changes; what is extracted from it may be extracted again."""

    __tablename__ = "versions"
    __table_args__ = (
        # What `flask signers reindex` still has to do.
        Index(
            "ix_versions_unread",
            "signature_id",
            "version",
            postgresql_where=text("signature_size IS NULL"),
            sqlite_where=text("signature_size IS NULL"),
        ),
    )

    signature_id: Mapped[int] = mapped_column(
        ROW_ID, ForeignKey("signatures.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    #: The signature exactly as it was sent, with any armour; None where `cms_bytes` stands for it.
    cms: Mapped[str | None] = mapped_column(Text)
    stage: Mapped[str | None] = mapped_column(Text)
    created_by: Mapped[str | None] = mapped_column(Text)
    comment: Mapped[str | None] = mapped_column(Text)
    #: List of text, each once, in the order sent.
    tags: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: SHA-256 of the decoded signature and of the content attached to it, hex; None if there is
    #: none, or not read yet.
    signature_sha256: Mapped[str | None] = mapped_column(Text)
    content_sha256: Mapped[str | None] = mapped_column(Text)
    #: Search terms of the version (`signatures.extraction.terms`); None if not read yet.
    terms: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    #: Format: `cms` or `xml`; None if it is neither, or not read yet.
    format: Mapped[str | None] = mapped_column(Text)
    #: Bytes of the decoded signature, None if not read yet; of the attached content, None if there
    #: is none.
    signature_size: Mapped[int | None] = mapped_column(Integer)
    content_size: Mapped[int | None] = mapped_column(Integer)
    #: How it was signed, as stated by the caller that saved it.
    method: Mapped[str | None] = mapped_column(Text)
    #: Name of the token that saved it, None if none was required.
    saved_by: Mapped[str | None] = mapped_column(Text)
    #: The bytes whose base64 was sent, to the character; None where `cms` has the text.
    cms_bytes: Mapped[bytes | None] = mapped_column(LargeBinary)


#: Whether a version is its thread's current one.
IS_CURRENT = (Version.signature_id == Signature.id) & (Version.version == Signature.version)


class Signer(Base):
    """What the certificate of one signer of a version claims, and whether it counts as signed."""

    __tablename__ = "signers"
    __table_args__ = (
        of_version("signers"),
        # What is still to be verified, or to be verified again.
        Index("ix_signers_judged_against", "judged_against"),
    )

    signature_id: Mapped[int] = mapped_column(ROW_ID, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    #: Counted from 1, in the order of the signature.
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    #: Twelve digits each: of a person, of an organisation.
    claimed_iin: Mapped[str | None] = mapped_column(Text)
    claimed_bin: Mapped[str | None] = mapped_column(Text)
    #: Surname, given name, patronymic, in lower case.
    claimed_name: Mapped[str | None] = mapped_column(Text)
    #: Digest algorithm, dotted, by the one name of its function (in older rows by any, as in the
    #: signature), and the digest of the content, hex.
    digest_algorithm: Mapped[str] = mapped_column(Text)
    message_digest: Mapped[str | None] = mapped_column(Text)
    #: All claims, as `app.cms.serialization` writes it.
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    #: The genTime of a timestamp token that was verified up to an anchor when the version was
    #: saved; None otherwise.
    verified_gen_time: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: See `app.store.signatures.standings`: the number of the anchor that was reached, else
    #: PENDING, VALUE_VALID, SHARED, SHARED_VALID or REFUSED with the reason; None if not verified
    #: yet. With an anchor the reason is that of the timestamp, if it is another one: its number in
    #: digits.
    standing: Mapped[int | None] = mapped_column(BigInteger)
    standing_reason: Mapped[str | None] = mapped_column(Text)
    #: The number of all anchors and intermediates that it was verified with; LEFT if a save left it
    #: to the background, PROVEN if it is to be refused, None if it was saved before that existed.
    judged_against: Mapped[int | None] = mapped_column(BigInteger)
