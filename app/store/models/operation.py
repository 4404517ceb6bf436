"""What operators and processes need: tokens, anchors and leases."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, Date, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.database.types import CODE, UtcDateTime
from app.store.models.base import Base


class Token(Base):
    """A caller's token: `qol_<id>_<secret>`, of whose secret only the SHA-256 is kept, hex."""

    __tablename__ = "tokens"

    id: Mapped[str] = mapped_column(CODE, primary_key=True)
    name: Mapped[str] = mapped_column(CODE, unique=True)
    secret_sha256: Mapped[str] = mapped_column(Text)
    #: Scopes: `read`, `write`, `delete`, `admin`.
    scopes: Mapped[list[str]] = mapped_column(JSON)
    #: It gives access only to threads that have a tag with this prefix; None: all.
    tag_prefix: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_on: Mapped[date | None] = mapped_column(Date)
    #: The secret before the last rotation, as `secret_sha256`, and until when it is also accepted.
    old_secret_sha256: Mapped[str | None] = mapped_column(Text)
    old_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class TrustCertificate(Base):
    """A trust anchor of the operator, or an intermediate; only commands write it.

    The row is not trusted by itself: the certificate is parsed, and compared with its SHA-256, each
    time.
    """

    __tablename__ = "trust_certificates"

    #: Of its DER, hex.
    sha256: Mapped[str] = mapped_column(CODE, primary_key=True)
    #: `anchor` or `intermediate`.
    role: Mapped[str] = mapped_column(CODE, primary_key=True)
    pem: Mapped[str] = mapped_column(Text)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The operator's name, from the machine or as given.
    added_by: Mapped[str] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)


class Lease(Base):
    """Work that one process does at a time: who does it, and until when."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(CODE, primary_key=True)
    holder: Mapped[str] = mapped_column(Text)
    until: Mapped[datetime] = mapped_column(UtcDateTime)
