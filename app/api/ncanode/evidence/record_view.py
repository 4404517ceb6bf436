"""GET /signature/evidence-record: the evidence record (RFC 4998) of a stored version."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial

from flask import Blueprint, Response, request
from sqlalchemy import Connection

from app.api.ncanode.evidence.schemas import VersionRequest, VersionSchema
from app.auth import needs
from app.evidence.records import read_record, record_with_proofs
from app.extensions import current_reads
from app.services import tag_scope
from app.store.errors import RecordNotMade
from app.store.signatures import reading
from app.store.signatures.large_texts import Key
from app.store.signatures.rows import Carried

blueprint = Blueprint("evidence_record", __name__)

# No type is registered for it.
_TYPE = "application/octet-stream"
_DISPOSITION = 'attachment; filename="evidence-record.ers"'


_VERSION = VersionSchema()


@blueprint.get("/signature/evidence-record")
@needs("read", by_tags=True)
def get_evidence_record() -> Response:
    """Return the record as it is now: later it has more timestamps."""
    wanted: VersionRequest = _VERSION.read(request)
    response = Response(current_reads().read(partial(_find, wanted)), content_type=_TYPE)
    response.headers["Content-Disposition"] = _DISPOSITION
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _find(wanted: VersionRequest, connection: Connection, _stack: ExitStack) -> bytes:
    """Return the record in DER. Raises SignatureNotFound or RecordNotMade."""
    document, thread = wanted.document, wanted.thread
    tag_scope.require_access(connection, document, thread)
    record = reading.get_signature(connection, document, thread, wanted.version, _CARRIED)
    tag_scope.require_read_access(connection, record)
    stored = read_record(connection, Key(record.id, record.version))
    if stored is None:
        raise RecordNotMade
    return record_with_proofs(stored).der


_CARRIED = Carried(cms=False)
