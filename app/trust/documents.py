"""Documents that are kept, for the signatures that can't be verified without theirs."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Engine

from app.store.contents.errors import ContentAway
from app.store.contents.reading import find_content, read_content
from app.store.contents.values import KeptContent, Place
from app.store.signatures.judgements import Unverified
from app.store.signatures.large_texts import Key


@dataclass(frozen=True, slots=True)
class Documents:
    """The documents of a store.

    `place` is where they are outside the database, if they are; `most` is the size of the largest
    that is read whole, bytes.
    """

    engine: Engine
    place: Place | None
    most: int

    def find(self, key: Key, unverified: Unverified) -> KeptContent | None:
        """Return the document of a version that is needed to verify it; None if none is kept.

        Also if it is too large to be read.
        """
        if not unverified.needs_content:
            return None
        with self.engine.connect() as connection:
            kept = find_content(connection, *key)
        return kept if kept is not None and kept.size <= self.most else None

    def read(self, kept: KeptContent) -> bytes | None:
        """Return a document; None if it can't be read now."""
        with suppress(ContentAway):
            return b"".join(read_content(self.engine, kept, self.place))
        return None
