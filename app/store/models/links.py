"""Links by which anyone who has one sees one version."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, Index, Integer, LargeBinary, Text, true
from sqlalchemy.orm import Mapped, mapped_column

from app.store.database.types import ROW_ID, UtcDateTime
from app.store.models.base import Base, of_version


class PublicLink(Base):
    """A link to a version; of its token only the SHA-256 is kept."""

    __tablename__ = "public_links"
    __table_args__ = (
        of_version("public_links"),
        Index("ix_public_links_token_sha256", "token_sha256", unique=True),
        Index("ix_public_links_signature_id_version", "signature_id", "version"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    signature_id: Mapped[int] = mapped_column(ROW_ID)
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The name of the access token that made it, None if none was required.
    created_by: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Whether its holder may download the card and the document.
    with_files: Mapped[bool] = mapped_column(Boolean, server_default=true())
