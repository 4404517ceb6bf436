"""The addresses of the family."""

from __future__ import annotations

import re

from flask import Blueprint, Response, current_app, request

from app.api.answers import json_answer
from app.api.penbox.files import OCTETS, answer_file, file_of, type_of
from app.api.penbox.negotiation import choose_type
from app.api.penbox.shapes import write_signature
from app.api.unread import note
from app.auth import needs
from app.extensions import current_trusted, db
from app.store.errors import SignatureNotFound
from app.store.large_texts import alone
from app.store.progress import list_progress
from app.store.public_threads import PublicThread, get_public_thread, read_large
from app.store.standings import Trusted

blueprint = Blueprint("penbox", __name__)

JSON = "application/json"
#: A UUID (RFC 9562 section 4).
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


@blueprint.get("/v1/signatures/<public_id>")
@blueprint.get("/signatures/<public_id>")
@needs("read")
def get_signature(public_id: str) -> Response:
    """Describe a thread, or give its current signature as a file: as the client accepts it."""
    note(request.args, ())
    if not _UUID.fullmatch(public_id):
        raise SignatureNotFound
    trusted = current_trusted()
    with db.engine.connect() as connection:
        thread = get_public_thread(connection, public_id.lower(), trusted)
    if thread.cms is not None:
        return _answer(thread, trusted)
    with alone():
        return _answer(read_large(db.engine, thread), trusted)


def _answer(thread: PublicThread, trusted: Trusted) -> Response:
    file = file_of(thread)
    offers = dict.fromkeys((JSON, OCTETS, type_of(file, thread)))
    chosen = choose_type(request, tuple(offers))
    if chosen == JSON:
        response = _describe(thread, trusted)
    else:
        response = answer_file(request, file, thread, chosen)
    response.vary.add("Accept")
    return response


def _describe(thread: PublicThread, trusted: Trusted) -> Response:
    pair = (thread.document, thread.thread)
    with db.engine.connect() as connection:
        progress = list_progress(connection, [pair], trusted).get(pair)
    if progress and progress.opened_at is None:
        progress = None  # A draft demands nothing yet.
    written = write_signature(
        thread,
        progress,
        # Claims are not enough for it, whatever CLAIMS says.
        qualified=bool(trusted.anchors) and _have_all_signed(thread),
        locale=current_app.config["LOCALE"],
    )
    return json_answer(written)


def _have_all_signed(thread: PublicThread) -> bool:
    """Return whether each signer of the current version is known to have signed it."""
    return 0 < thread.signers == thread.signed
