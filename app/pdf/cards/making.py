"""A card, made: pages, then attachments."""

from __future__ import annotations

from app.pdf.cards.attaching import File, attach
from app.pdf.cards.contents import Card
from app.pdf.cards.pages import write_pages
from app.pdf.cards.words import ORIGINAL, SIGNATURE_OF, TITLE
from app.wording.sentences import Wording


def make_card(card: Card, wording: Wording) -> bytes:
    """Return a card as a PDF, in a language, with times in a zone.

    It is the same, byte for byte, for the same card. Three signers take 0.3 s of CPU time.
    """
    signatures = zip(card.names, card.signatures, strict=True)
    files = [
        File(card.original.name, card.original.data, wording.sentence(ORIGINAL), "Source"),
        *(
            File(
                name,
                one.cms,
                wording.phrase(SIGNATURE_OF.template, name=one.signer.claims.common_name or "—"),
                "Supplement",
            )
            for name, one in signatures
        ),
    ]
    title = f"{wording.sentence(TITLE)}: {card.original.name}"
    return attach(write_pages(card, wording), files, title, wording.language)
