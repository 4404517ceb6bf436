"""The records that the store returns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from app.store.models import Signature, Version
from app.store.signatures.large_facts import LargeFacts
from app.store.signatures.large_texts import LargeText

#: In the order of `SignatureRecord`'s fields, except the last four, which are optional.
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


#: Bytes of one character in JSON, at most.
MOST_ESCAPED = 6


class SignatureRecord(NamedTuple):
    """One version of one thread. Times are aware, in the driver's zone."""

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
    #: The signature as it was sent; a reference to it if it is large; None if the reader omitted
    #: it.
    cms: str | LargeText | None = None
    #: The facts of its signers, a JSON list as text; a reference to them if they are large; None if
    #: the reader omitted them.
    signers: str | LargeFacts | None = None
    #: The name of the token that saved it, None if there was none or the reader omitted it.
    saved_by: str | None = None
    #: The thread's UUID in other API families; None if it was omitted.
    public_id: str | None = None

    @classmethod
    def of(cls, row: Sequence[Any]) -> SignatureRecord:
        """Return the record of a row of `RECORD_COLUMNS`."""
        return cls(*row)

    @property
    def text(self) -> str:
        """The signature as it was sent, whole in memory; empty if it was omitted."""
        return self.cms.read() if isinstance(self.cms, LargeText) else self.cms or ""

    @property
    def length(self) -> int:
        """The approximate number of characters of an answer with it: each is one byte or more."""
        cms = self.cms.size if isinstance(self.cms, LargeText) else len(self.cms or "")
        return 2 * cms + self._facts + sum(map(len, self.tags))

    @property
    def written_size(self) -> int:
        """The approximate number of bytes in JSON; the maximum if the signature isn't in memory."""
        if isinstance(self.cms, LargeText):
            cms = MOST_ESCAPED * self.cms.size
        else:
            cms = len(orjson.dumps(self.cms))
        return 2 * cms + self._facts + len(orjson.dumps(self.tags))

    @property
    def _facts(self) -> int:
        # They are JSON already.
        facts = self.signers
        return facts.size if isinstance(facts, LargeFacts) else len(facts or "")
