"""Cards of stored versions, and the verification of cards and PDFs that are sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from time import monotonic

from flask import current_app

from app.cms import ContentBudget, SignedData, SignerStatus, TimestampStatus, parse
from app.extensions import current_trust
from app.pdf.cards.contents import Card
from app.pdf.cards.verifying import VerifiedCard, verify_card
from app.pdf.cards.words import VERSION
from app.pdf.errors import NoCard
from app.pdf.signatures import Judges, PdfSignature, verify_pdf
from app.services.card_signatures import list_signatures
from app.services.originals import find_original
from app.services.stored import key_of
from app.store.signatures.records import SignatureRecord
from app.trust import Trust
from app.trust.turns import Turns
from app.wording.sentences import Wording

#: Seconds for which authorities may be asked about one file.
_ASKING = 10.0
#: One child that reads a PDF at a time, in each process.
_READING = Turns()


@dataclass(frozen=True, slots=True)
class CardTerms:
    """How a card is wished for."""

    language: str
    #: The name of the document's file.
    name: str | None = None
    #: The address of a page about the version, which the card shows, also as a QR code.
    link: str | None = None


def make_stored_card(record: SignatureRecord, data: str | bytes | None, terms: CardTerms) -> bytes:
    """Return a version as a card, with times in the zone of the settings.

    `data` is the document, if it is sent along. Within a turn.

    Raises:
        NoCard: there is none; the sentence says which signer lacks what.
        ParameterError: the signature is detached, and the document is not given.
        TooCostly: it would take too much time.
    """
    # Importing what draws takes 0.3 s, and most servers make no cards.
    from app.pdf.cards.making import make_card  # noqa: PLC0415

    wording = Wording(terms.language, current_app.config["TIMEZONE"])
    signature = parse(record.text, trailing_zeros=True)
    if not isinstance(signature, SignedData):
        raise NoCard("There is no card: only CMS can be in one")
    original = find_original(signature, data, terms.name or record.document, ContentBudget())
    saved_at = record.version_created_at
    signatures = list_signatures(signature, original.data, key_of(record), saved_at)
    described = wording.phrase(
        VERSION.template, document=record.document, thread=record.thread, version=record.version
    )
    card = Card(
        original,
        signatures,
        described,
        saved_at,
        current_app.config["CARD_SYSTEM"],
        current_app.config["PUBLIC_URL"],
        current_app.config["CARD_ACT"],
        terms.link,
    )
    return make_card(card, wording)


def verify_sent_card(data: bytes) -> VerifiedCard:
    """Verify anybody's card as of now. Raises UnreadablePdf, TooCostly, or Busy."""
    with _READING.take():
        return verify_card(data, _judge(current_trust()))


def verify_sent_pdf(
    data: bytes, trust: Trust | None = None, *, fetch: bool = True
) -> tuple[PdfSignature, ...]:
    """Verify the signatures in a PDF as of now.

    `trust` is that of the application by default; with `fetch` authorities may be asked. Raises
    UnreadablePdf, TooCostly, or Busy.
    """
    found = trust or current_trust()
    with _READING.take():
        return verify_pdf(data, Judges(_judge(found, fetch=fetch), partial(_verify_token, found)))


def _judge(
    trust: Trust, *, fetch: bool = True
) -> Callable[[SignedData, bytes], tuple[SignerStatus, ...]]:
    """Return what verifies the signatures of one file, and asks authorities for a while."""
    until = monotonic() + _ASKING

    def judge(signature: SignedData, content: bytes) -> tuple[SignerStatus, ...]:
        may_ask = fetch and monotonic() < until
        return trust.verify(signature, content, at=datetime.now(UTC), fetch=may_ask)

    return judge


def _verify_token(trust: Trust, token: bytes, content: bytes) -> TimestampStatus:
    with trust.turns.take():
        verifier = trust.loaded().verifier
        return verifier.verify_timestamp(token, content, at=datetime.now(UTC))
