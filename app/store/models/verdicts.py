"""What was proven once, and can't be proven again from what is stored: see ADR 39."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.database.types import CODE, ROW_ID, UtcDateTime
from app.store.models.base import Base, of_version


class Revocation(Base):
    """A revocation that decided the result for a signer, as `app.cms.NotedRevocation` has it."""

    __tablename__ = "revocations"
    __table_args__ = (
        Index("ix_revocations_public_key", "public_key"),
        {"sqlite_with_rowid": False},
    )

    #: SHA-256 of its TBSCertificate, hex.
    certificate: Mapped[str] = mapped_column(CODE, primary_key=True)
    #: SHA-256 of the public key of its issuer, hex; empty if that is not known.
    issuer_key: Mapped[str] = mapped_column(CODE, primary_key=True)
    revoked_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    #: CRLReason (RFC 5280 section 5.3.1); -1 if none is given.
    reason: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    invalid_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: `crl` or `ocsp`.
    kind: Mapped[str] = mapped_column(Text)
    #: Of the newest statement.
    this_update: Mapped[datetime] = mapped_column(UtcDateTime)
    next_update: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_complete: Mapped[bool] = mapped_column(Boolean)
    is_denied: Mapped[bool] = mapped_column(Boolean)
    #: SHA-256 of its public key, and of that of the anchor of its path, hex; None if that is not
    #: known.
    public_key: Mapped[str | None] = mapped_column(CODE)
    anchor_key: Mapped[str | None] = mapped_column(CODE)
    #: Of a hold: thisUpdate of the first statement that lifted it.
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SignerContent(Base):
    """What a signer of a version signed, where only a former version was compared with it."""

    __tablename__ = "signer_contents"
    __table_args__ = (of_version("signer_contents"), {"sqlite_with_rowid": False})

    signature_id: Mapped[int] = mapped_column(ROW_ID, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    #: As in `Signer`.
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    #: Of the document, hex.
    content_sha256: Mapped[str] = mapped_column(Text)
