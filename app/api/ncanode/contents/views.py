"""The view that gives back the document of a version."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial

from flask import Blueprint, Response, request
from sqlalchemy import Connection

from app.api.ncanode.evidence.schemas import VersionRequest, VersionSchema
from app.api.signature_files import answer_file, answer_pieces, file_name, safe_name
from app.auth import needs
from app.cms import attached_content, parse
from app.extensions import current_place, current_reads, current_trust, db
from app.rate_limit.places import current_places
from app.services.kept_contents import get_kept
from app.services.media_types import OCTETS
from app.services.stored import get_stored, key_of
from app.store.contents.reading import read_content
from app.store.contents.values import KeptContent
from app.store.errors import ContentNotKept
from app.store.signatures import reading
from app.store.signatures.large_texts import Key
from app.store.signatures.reading import FileFacts
from app.store.signatures.records import SignatureRecord

blueprint = Blueprint("contents", __name__)

_VERSION = VersionSchema()
#: What a document may do if a browser shows it: nothing. Anyone may have sent it.
_SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"


@blueprint.get("/signature/content")
@needs("read", by_tags=True)
def get_version_content() -> Response:
    """Return the document that a version signs: the one kept, else the one attached."""
    wanted: VersionRequest = _VERSION.read(request)
    return answer_content(get_stored(wanted.document, wanted.thread, wanted.version))


def answer_content(record: SignatureRecord) -> Response:
    """Answer with the document that a version signs. Raises ContentNotKept, or ContentAway."""
    kept = get_kept(key_of(record))
    response = _attached(record) if kept is None else _kept(record, kept)
    response.headers["Content-Security-Policy"] = _SANDBOX
    return response


def _kept(record: SignatureRecord, kept: KeptContent) -> Response:
    name = safe_name(kept.name) if kept.name else file_name(record.document, record.thread)
    return answer_pieces(
        request,
        lambda: read_content(db.engine, kept, current_place()),
        size=kept.size,
        sha256=kept.sha256,
        name=name,
        content_type=kept.media_type or OCTETS,
    )


def _attached(record: SignatureRecord) -> Response:
    """Answer with the content of a CMS. Raises ContentNotKept if it is detached, or no CMS."""
    facts = current_reads().read(partial(_facts, key_of(record)))
    if facts.format != "cms" or facts.content_size is None:
        raise ContentNotKept
    with ExitStack() as stack:
        stack.enter_context(current_places().take_if(facts.size or record.length))
        with current_trust().turns.take():
            content = attached_content(parse(record.text, trailing_zeros=True))
        if content is None:
            raise ContentNotKept
        name = file_name(record.document, record.thread)
        response = answer_file(request, content, name, OCTETS)
        response.call_on_close(stack.pop_all().close)
    return response


def _facts(key: Key, connection: Connection, _stack: ExitStack) -> FileFacts:
    return reading.read_file_facts(connection, key)
