"""Keys by which a repeated save is recognised, with the first answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.store.database.types import UtcDateTime
from app.store.models.base import Base


class IdempotencyKey(Base):
    """A save that named a key. It adds the row in its own transaction.

    No row of a thread is referred to: a repeated save gets the first answer, also if the thread was
    deleted meanwhile.
    """

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        # Expired ones are found by it.
        Index("ix_idempotency_keys_created_at", "created_at"),
    )

    #: Of the key and whose it is, 32 bytes.
    key_sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    #: Of all parameters of the save, 32 bytes.
    request_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    #: What the answer said beside what the request had said.
    answer: Mapped[Any] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
