"""Anyone's page: verify a file that is not stored here. Nothing of it is kept."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Response, current_app
from werkzeug.exceptions import NotFound

from app.auth import public
from app.cms import CmsError, SignedXml, is_detached, parse
from app.extensions import current_trust
from app.pdf.cards.verifying import NO_CARD, VerifiedCard
from app.pdf.errors import UnreadablePdf
from app.services.cards import verify_sent_card, verify_sent_pdf
from app.services.errors import ParameterError
from app.services.examining import examine
from app.services.uploads import as_text
from app.web.blueprint import blueprint
from app.web.forms import require_own_page
from app.web.limits import count_verification
from app.web.pdf_verdicts import PdfView, is_card, view_pdf
from app.web.rendering import render
from app.web.sent import Sent, read_sent
from app.web.texts import translated
from app.web.troubles import Trouble, trouble_with_file
from app.web.verdicts import VerdictView, view_of

_PDF = b"%PDF-"


class Unusable(Exception):
    """What was sent can't be verified here; `trouble` says why, in the reader's language."""

    def __init__(self, what: str, advice: str | None = None) -> None:
        super().__init__(what)
        self.trouble = Trouble(what, advice)


@blueprint.get("/verify")
@public
def get_verify() -> Response:
    """Return the form."""
    require_public()
    return render("verify.html", here="verify")


@blueprint.post("/verify")
@public
def verify_file() -> Response:
    """Return the verdict on a file."""
    require_public()
    require_own_page()
    count_verification()
    sent = read_sent()
    try:
        view, lacks = _verify(sent)
    except (CmsError, ParameterError) as error:
        return _refuse(trouble_with_file(error, sent.signature or b""))
    except Unusable as error:
        return _refuse(error.trouble)
    return render("verify.html", here="verify", view=view, lacks=lacks)


def _refuse(trouble: Trouble) -> Response:
    return render("verify.html", 400, here="verify", trouble=trouble)


def require_public() -> None:
    """Raise NotFound where the page is off."""
    if not current_app.config["PUBLIC_VERIFY"]:
        raise NotFound


def _verify(sent: Sent) -> tuple[VerdictView, bool]:
    """Return the verdict, and whether the document is still to be given.

    Raises:
        CmsError: the file is no signature, or would cost too much.
        ParameterError: it is neither DER nor text.
        Unusable: it was not sent, or is a PDF without signatures, or has the document inside, but
            another one was sent.
    """
    if not sent.signature:
        raise Unusable(translated("Choose the file with the signature."))
    if sent.signature.startswith(_PDF):
        _require_one(sent)
        return _verify_pdf(sent.signature), False
    with current_trust().turns.take():
        signature = parse(as_text(sent.signature, "signature"), trailing_zeros=True)
        if isinstance(signature, SignedXml):
            _require_one(sent)
        content = sent.content_for(signature)
        now = datetime.now(UTC)
        examined = examine(signature, content, at=now, fetch=True)
    view = view_of(examined, translated("by the clock of this server, now"), masked=True)
    lacks = not isinstance(signature, SignedXml) and is_detached(signature) and content is None
    return view, lacks


def _require_one(sent: Sent) -> None:
    """Raise Unusable if a document was sent with a file that has its own inside.

    It would be left out, and the verdict taken for one on it.
    """
    if sent.has_document:
        raise Unusable(
            translated("This file has its document inside, and is not compared with another file."),
            translated("Choose this file alone: the answer is then about the document inside it."),
        )


def _verify_pdf(data: bytes) -> PdfView:
    """Return the verdict on a PDF: on the signatures in its form, and on the card that it is.

    Raises:
        CmsError: it can't be read, or would cost too much.
        Unusable: it has no signatures.
    """
    signed = verify_sent_pdf(data)
    card = _find_card(data, is_signed=bool(signed))
    if card is None and not signed:
        raise Unusable(
            translated("This PDF has no signatures inside."),
            translated(
                "If the signature is a separate file, choose that file first, and the PDF as the "
                "document."
            ),
        )
    return view_pdf(card, signed, len(data))


def _find_card(data: bytes, *, is_signed: bool) -> VerifiedCard | None:
    """Verify a PDF as a card; None if it is none. Raises CmsError."""
    try:
        card = verify_sent_card(data)
    except UnreadablePdf as error:
        if is_signed or error.template == NO_CARD.template:
            return None
        raise
    return card if is_card(card) else None
