"""The views about cards of electronic documents."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

from flask import Blueprint, Response, request

from app.api import envelope
from app.api.ncanode.cards.schemas import CardFileSchema, CardRequest, CardSchema
from app.api.ncanode.cards.serializers import write_card
from app.api.signature_files import answer_file, file_name
from app.auth import needs
from app.extensions import current_trust
from app.rate_limit.places import current_places
from app.services.cards import CardTerms, make_stored_card, verify_sent_card
from app.services.kept_contents import get_kept
from app.services.links import require_link
from app.services.media_types import PDF
from app.services.originals import read_original
from app.services.stored import get_stored, key_of
from app.services.translations import choose_locale
from app.store.signatures.records import SignatureRecord
from app.wording.sentences import Wording

blueprint = Blueprint("cards", __name__)

_CARD = CardSchema()
_FILE = CardFileSchema()


@blueprint.route("/signature/card", methods=["GET", "POST"])
@needs("read", by_tags=True)
def get_card() -> Response:
    """Return a version as a card of an electronic document."""
    wanted: CardRequest = _CARD.read(request)
    record = get_stored(wanted.document, wanted.thread, wanted.version)
    language = wanted.language or choose_locale(request)
    link = wanted.link and require_link(wanted.link, key_of(record))
    return _answer(record, CardTerms(language, wanted.name, link), wanted.data)


def answer_card(record: SignatureRecord) -> Response:
    """Answer with a card of a version, with the document that is stored, for any caller.

    It is in the caller's language. Raises what `make_stored_card` does, and ContentAway.
    """
    return _answer(record, CardTerms(choose_locale(request)), None)


def _answer(record: SignatureRecord, terms: CardTerms, sent: str | bytes | None) -> Response:
    kept = get_kept(key_of(record)) if sent is None else None
    size = len(sent or "") if kept is None else kept.size
    with ExitStack() as stack:
        held = len(sent or "")
        stack.enter_context(current_places().take_if(record.length + size, held))
        given = sent if kept is None else read_original(kept)
        if kept is not None:
            terms = replace(terms, name=terms.name or kept.name)
        with current_trust().turns.take():
            data = make_stored_card(record, given, terms)
        response = answer_file(request, data, file_name(record.document, record.thread, PDF), PDF)
        response.headers["Content-Language"] = terms.language
        response.call_on_close(stack.pop_all().close)
    return response


@blueprint.post("/card/verify")
@needs("read", by_tags=True)
def verify_card() -> Response:
    """Verify a card of an electronic document, wherever it was made."""
    data: bytes = _FILE.read(request)
    card = verify_sent_card(data)
    wording = Wording(choose_locale(request))
    response = envelope.success(write_card(card, wording))
    response.headers["Content-Language"] = wording.language
    return response
