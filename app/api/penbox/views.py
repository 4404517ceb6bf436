"""The views of the family."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from typing import TypeVar

from flask import Blueprint, Response, current_app, request

from app.api.json_response import json_answer
from app.api.params.unread import note
from app.api.penbox.files import answer_file, file_of, type_of
from app.api.penbox.negotiation import choose_type
from app.api.penbox.serializers import write_signature
from app.auth import needs
from app.cms import SignatureFile
from app.extensions import current_reads, current_trust, current_trusted, db
from app.rate_limit.places import current_places
from app.services.media_types import OCTETS
from app.store.errors import SignatureNotFound
from app.store.packages.progress import list_progress
from app.store.packages.public_ids import PublicThread, get_public_thread
from app.store.signatures.large_texts import Key, find_text
from app.store.signatures.standings import Trusted

blueprint = Blueprint("penbox", __name__)

JSON = "application/json"

T = TypeVar("T")
#: A UUID (RFC 9562 section 4).
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


@blueprint.get("/v1/signatures/<public_id>")
@blueprint.get("/signatures/<public_id>")
@needs("read")
def get_signature(public_id: str) -> Response:
    """Return a thread as JSON, or its current signature as a file: as the client accepts."""
    note(request.args, ())
    if not _UUID.fullmatch(public_id):
        raise SignatureNotFound
    trusted = current_trusted()
    thread = current_reads().read(
        lambda connection, _stack: get_public_thread(connection, public_id.lower(), trusted)
    )
    is_read = thread.signature_size is not None
    # Its format is determined only if it was not stored.
    found = thread.format if is_read else _read(thread, lambda file: file.format)
    chosen = choose_type(request, tuple(dict.fromkeys((JSON, OCTETS, type_of(found, thread)))))
    response = _describe(thread, trusted) if chosen == JSON else _send(thread, chosen)
    response.vary.add("Accept")
    return response


def _read(thread: PublicThread, use: Callable[[SignatureFile], T]) -> T:
    """Use the file of a thread. Only one large file is in memory at a time."""
    with db.engine.connect() as connection:
        text = find_text(connection, Key(thread.signature_id, thread.version))
    if text is None:
        raise SignatureNotFound
    if isinstance(text, str):
        return use(file_of(thread, text))
    with current_trust().turns.take():
        return use(file_of(thread, text.read()))


def _send(thread: PublicThread, content_type: str) -> Response:
    """Send the file of a thread, from a temporary file if it is large."""
    with ExitStack() as stack:
        stack.enter_context(current_places().take_if(thread.signature_size or 0))
        response = _read(thread, lambda file: answer_file(request, file, thread, content_type))
        response.call_on_close(stack.pop_all().close)
    return response


def _describe(thread: PublicThread, trusted: Trusted) -> Response:
    pair = (thread.document, thread.thread)
    progress = (
        current_reads()
        .read(lambda connection, _stack: list_progress(connection, [pair], trusted))
        .get(pair)
    )
    if progress and progress.opened_at is None:
        progress = None  # A draft requires nothing yet.
    written = write_signature(
        thread,
        progress,
        # Claims are not enough for this, even with CLAIMS=accept.
        qualified=bool(trusted.anchors) and _have_all_signed(thread),
        locale=current_app.config["LOCALE"],
    )
    return json_answer(written)


def _have_all_signed(thread: PublicThread) -> bool:
    """Return whether each signer of the current version is known to have signed it."""
    return 0 < thread.signers == thread.signed
