"""The views about evidence of a stored version."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial

from flask import Blueprint, Response, current_app, request
from sqlalchemy import Connection

from app.api import envelope
from app.api.ncanode.evidence.errors import EvidenceOff
from app.api.ncanode.evidence.exporting import put_together
from app.api.ncanode.evidence.packing import pack
from app.api.ncanode.evidence.schemas import FileRequest, FileSchema, VersionRequest, VersionSchema
from app.api.ncanode.evidence.serializers import levels_of, write_evidence
from app.api.ncanode.validation.schemas import VerifyRequest, VerifySchema
from app.api.signature_files import answer_file, file_name, type_of
from app.auth import needs
from app.cms import (
    ContentBudget,
    GivenContent,
    SignatureFile,
    SignedData,
    SignedXml,
    describe_signers,
    iso_moment,
    open_file,
    parse,
)
from app.evidence.lasting import archived, outlast
from app.extensions import current_reads, current_trust, db
from app.rate_limit.places import current_places
from app.services import tag_scope
from app.services.kept_contents import known_content
from app.services.media_types import ZIP
from app.services.sent_content import content_given
from app.services.stored import get_evidence, get_preserved, get_stored, key_of
from app.services.translations import choose_locale
from app.store.database.engine import transaction
from app.store.errors import SignatureNotFound
from app.store.evidence import jobs
from app.store.signatures import reading
from app.store.signatures.large_texts import Key
from app.store.signatures.reading import FileFacts
from app.store.signatures.records import SignatureRecord
from app.store.signatures.revocations import recall_of
from app.trust.kept import kept_of
from app.wording.sentences import Wording

blueprint = Blueprint("evidence", __name__)

_READ = VerifySchema()
_OBTAIN = VersionSchema()
_FILE = FileSchema()


@blueprint.get("/signature/evidence")
@needs("read", by_tags=True)
def get_version_evidence() -> Response:
    """Return what there is of evidence for a version, what it proves, and what lacks."""
    wanted: VerifyRequest = _READ.read(request)
    record = get_stored(wanted.document, wanted.thread, wanted.version)
    with current_trust().turns.take():
        signature = parse(record.text, trailing_zeros=True)
        return _answer(record, signature, wanted.data)


@blueprint.post("/signature/evidence")
@needs("write", by_tags=True)
def obtain_version_evidence() -> Response:
    """Have evidence of a version obtained now, again if there is some."""
    wanted: VersionRequest = _OBTAIN.read(request)
    if not current_app.config["EVIDENCE"]:
        raise EvidenceOff("This server does not obtain evidence: see EVIDENCE and REVOCATION")
    record = get_stored(wanted.document, wanted.thread, wanted.version)
    with current_trust().turns.take():
        signature = parse(record.text, trailing_zeros=True)
    _queue(wanted, key_of(record), signature)
    with current_trust().turns.take():
        return _answer(record, signature, None, status=202)


def _queue(wanted: VersionRequest, key: Key, signature: SignedData | SignedXml) -> None:
    """Add a version to the queue, or make it due. Raises SignatureNotFound."""
    ends = [signer.certificate.not_after for signer in describe_signers(signature)]
    urgency = jobs.urgency_of(ends, datetime.now(UTC))
    with transaction(db.engine) as connection:
        if not tag_scope.require_write_access(connection, wanted.document, wanted.thread):
            raise SignatureNotFound
        jobs.enqueue(connection, [key], urgency, again=True)
        jobs.retry_now(connection, key)
    # Before what follows is read: a replica may not have it yet.
    current_reads().note_write()


def _answer(
    record: SignatureRecord,
    signature: SignedData | SignedXml,
    data: str | GivenContent | None,
    *,
    status: int = 200,
) -> Response:
    """Answer with the evidence of a version. Within a turn."""
    budget = ContentBudget()
    if data is None:
        data = known_content(signature, key_of(record))
    content = content_given(signature, data, budget)
    evidence = get_evidence(key_of(record))
    statuses = current_trust().verify_alone(
        signature,
        content,
        saved_at=record.version_created_at,
        kept=kept_of(evidence.items),
        recall=recall_of(db.engine),
        content_budget=budget,
    )
    preserved = get_preserved(key_of(record), evidence.items, datetime.now(UTC))
    statuses = outlast(statuses, preserved)
    levels = levels_of(signature, statuses, archived(preserved))
    wording = Wording(choose_locale(request))
    written = {
        "version": record.version,
        "saved_at": iso_moment(record.version_created_at),
        **write_evidence(evidence, statuses, levels, wording),
    }
    response = envelope.success({"evidence": written}, status)
    response.headers["Content-Language"] = wording.language
    return response


@blueprint.get("/signature/file")
@needs("read", by_tags=True)
def get_version_file() -> Response:
    """Return the signature of a version as a file: as it was saved, or with its evidence."""
    wanted: FileRequest = _FILE.read(request)
    record = get_stored(wanted.document, wanted.thread, wanted.version)
    facts = current_reads().read(partial(_facts, key_of(record)))
    is_detached = facts.format is not None and facts.content_size is None
    with ExitStack() as stack:
        stack.enter_context(current_places().take_if(facts.size or record.length))
        file = _read_file(record, facts, wanted)
        narrowest = ZIP if wanted.is_packed else type_of(file.format, is_detached=is_detached)
        name = file_name(record.document, record.thread, narrowest)
        response = answer_file(request, file.data, name, narrowest)
        response.call_on_close(stack.pop_all().close)
    return response


def _facts(key: Key, connection: Connection, _stack: ExitStack) -> FileFacts:
    return reading.read_file_facts(connection, key)


def _read_file(record: SignatureRecord, facts: FileFacts, wanted: FileRequest) -> SignatureFile:
    """Return the file of a version. Only one large one is in memory at a time."""
    profile = wanted.profile
    is_original = profile is None and not wanted.is_packed
    if is_original and isinstance(record.cms, str):
        return _original(record.cms, facts)
    with current_trust().turns.take():
        file = _original(record.text, facts)
        if wanted.is_packed:
            return SignatureFile(None, pack(file, key_of(record), record.version_created_at))
        if profile is None:
            return file
        made = put_together(file, key_of(record), profile, record.version_created_at)
        return SignatureFile(file.format, made)


def _original(text: str, facts: FileFacts) -> SignatureFile:
    """Return the file that was saved; what is known to be no signature stays text."""
    if facts.format is None and facts.size is not None:
        return SignatureFile(None, text.encode())
    return open_file(text, facts.sha256)
