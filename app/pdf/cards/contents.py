"""What a card is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.cms import SignedData, SignerInfo, SignerStatus


@dataclass(frozen=True, slots=True)
class Original:
    """A document that was signed: its bytes, and the name of its file."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class CardSignature:
    """A detached signature of one signer, with its evidence inside, and the results for it."""

    signature: SignedData
    status: SignerStatus

    @property
    def cms(self) -> bytes:
        """The file."""
        return self.signature.der

    @property
    def signer(self) -> SignerInfo:
        """The only signer."""
        return self.signature.signers[0]

    @property
    def gen_time(self) -> datetime:
        """When it was signed, by its timestamp."""
        return self.status.decisive_time


@dataclass(frozen=True, slots=True)
class Card:
    """A card: the document, and the signatures in order of their timestamps.

    `description` says which version of what it is; `saved_at` is when that was saved. `system` is
    the name of the system that makes the card, `address` where it verifies others, None if unknown.
    `act` is the name of the rules by which signatures are verified, None for no name. `link` is the
    address of a page about the version, None for none.
    """

    original: Original
    signatures: tuple[CardSignature, ...]
    description: str
    saved_at: datetime
    system: str
    address: str | None = None
    act: str | None = None
    link: str | None = None

    @property
    def made_at(self) -> datetime:
        """The time that the card is of: that of the newest thing in it. No clock is read."""
        return max([self.saved_at, *(one.gen_time for one in self.signatures)])

    @property
    def names(self) -> list[str]:
        """The names of the files of signatures."""
        width = len(str(len(self.signatures)))
        return [f"{number:0{width}}.cms" for number in range(1, len(self.signatures) + 1)]
