"""The documents of a package that are kept: what is known of them, and their bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from app.cms import SHA_256, KnownDigest, KnownDigests, SignedData
from app.store.contents.keeping import Offer
from app.store.contents.reading import find_package_contents, read_content
from app.store.contents.values import KeptContent, NewContent, Place
from app.store.packages.signing import AskedSigning

#: Bytes of a document that is read as a whole, where its digests that are kept don't suffice.
MAX_WHOLE = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class KeptDocument:
    """A document that is kept here."""

    engine: Engine
    content: KeptContent
    #: Where documents are outside the database.
    place: Place | None = None

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return self.content.size

    @property
    def sha256(self) -> str:
        """Its SHA-256, hex."""
        return self.content.sha256

    @property
    def is_pdf(self) -> bool:
        """Whether the office says that it is a PDF."""
        return self.content.media_type == "application/pdf"

    def pieces(self, size: int = 0) -> Iterator[bytes]:
        """Return its bytes in pieces, of any size. Raises ContentAway."""
        del size
        return read_content(self.engine, self.content, self.place)

    def compared_with(self, signature: SignedData) -> KnownDigests | bytes:
        """Return what a signature is compared with: digests, if all that it needs are kept.

        Raises ContentAway.
        """
        known = KnownDigests(
            (
                KnownDigest(SHA_256, bytes.fromhex(self.sha256)),
                *(
                    KnownDigest(algorithm, bytes.fromhex(digest))
                    for algorithm, digest in self.content.digests.items()
                ),
            ),
            self.size,
        )
        is_enough = all(
            signer.has_signed_attributes and known.find(signer.digest_algorithm) is not None
            for signer in signature.signers
        )
        return known if is_enough or self.size > MAX_WHOLE else b"".join(self.pieces())

    def offer(self) -> Offer:
        """Return the context of a transaction that keeps it for a version, too."""
        new = NewContent(
            sha256=bytes.fromhex(self.sha256),
            size=self.size,
            digests=self.content.digests,
            source=self,
            name=self.content.name,
            media_type=self.content.media_type,
        )
        return Offer(self.engine, self.place, new)


def find_documents(
    connection: Connection, engine: Engine, place: Place | None, asked: AskedSigning
) -> dict[int, KeptDocument]:
    """Return the documents behind a link that are kept, by their numbers."""
    kept = find_package_contents(connection, asked.public_id)
    numbers = {one.number for one in asked.documents}
    return {
        number: KeptDocument(engine, content, place)
        for number, content in kept.items()
        if number in numbers
    }
