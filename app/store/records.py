"""What the store gives back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from app.store.large_texts import LargeText
from app.store.models import Signature, Version

#: Characters that are read of a large text at a time.
_PIECE = 1024 * 1024
#: In the order of `SignatureRecord`'s fields, but the last four, which are not always asked for.
RECORD_COLUMNS = (
    Signature.id,
    Signature.document,
    Signature.thread,
    Signature.created_at,
    Signature.updated_at,
    Version.version,
    Version.stage,
    Version.created_by,
    Version.comment,
    Version.tags,
    Version.created_at.label("version_created_at"),
)


class SignatureRecord(NamedTuple):
    """One version of one thread. Times are aware, in whatever zone the driver gives them."""

    id: int
    document: str
    thread: str
    #: When the thread's first and last version were saved.
    created_at: datetime
    updated_at: datetime
    version: int
    stage: str | None
    created_by: str | None
    comment: str | None
    tags: list[str]
    version_created_at: datetime
    #: The signature as it was sent; None where the reader left it out.
    cms: str | LargeText | None = None
    #: The facts of its signers, a JSON list as text; None where the reader left them out.
    signers: str | None = None
    #: The name of the token that saved it, None if there was none or the reader left it out.
    saved_by: str | None = None
    #: The UUID by which the thread is known to other API families; None if it was left out.
    public_id: str | None = None

    @classmethod
    def of(cls, row: Sequence[Any]) -> SignatureRecord:
        """Take a row of `RECORD_COLUMNS`."""
        return cls(*row)

    @property
    def text(self) -> str:
        """The signature as it was sent, whole in memory; nothing where it was left out."""
        if isinstance(self.cms, LargeText):
            return "".join(self.cms.pieces(_PIECE))
        return self.cms or ""
