"""The document that a stored signature is about: what a card holds beside the signatures."""

from __future__ import annotations

from flask import current_app

from app.cms import ContentBudget, SignedData, attached_content
from app.extensions import current_place, db
from app.pdf.cards.contents import Original
from app.pdf.cards.naming import name_document
from app.pdf.errors import NoCard
from app.services.errors import ParameterError
from app.services.sent_content import content_given
from app.store.contents.reading import read_content
from app.store.contents.values import KeptContent


def read_original(kept: KeptContent) -> bytes:
    """Read a document that is kept.

    Raises:
        NoCard: it is larger than a request may be, so that no card could be sent back to verify.
        ContentAway: the place where it is can't be used.
    """
    if kept.size > current_app.config["MAX_CONTENT_LENGTH"]:
        raise NoCard("There is no card: the document is too large for one")
    return b"".join(read_content(db.engine, kept, current_place()))


def find_original(
    signature: SignedData, data: str | bytes | None, name: str, budget: ContentBudget
) -> Original:
    """Return the document: what was sent or is kept, else what is in the signature.

    `name` is that of its file.

    Raises:
        ParameterError: it is neither sent nor in the signature.
        NoCard: it is a program.
    """
    found = content_given(signature, data, budget)
    if found is None:
        found = attached_content(signature)
    if found is None:
        raise ParameterError(
            '"{field}" parameter must be set, since the content of the signature is detached',
            field="data",
        )
    return Original(name_document(name, found), found)
