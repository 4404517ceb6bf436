"""The way of a signature from the signer into the thread, tried again if another was first."""

from __future__ import annotations

import random
import time
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, Engine

from app.signing.checking import Marks
from app.signing.preparing import Prepared, Store, prepare
from app.signing.refusals import Refusal
from app.signing.submission import Submission
from app.store.database.engine import transaction
from app.store.errors import (
    SignatureNotFound,
    VersionConflict,
    VersionNotSet,
)
from app.store.evidence import jobs
from app.store.evidence.keeping import keep_saved
from app.store.packages.signing import AskedDocument, AskedSigning, find_signing
from app.store.packages.signings import keep_signing
from app.store.signatures import reading
from app.store.signatures.extraction import read_signing
from app.store.signatures.large_texts import Key, LargeText
from app.store.signatures.records import SignatureRecord
from app.store.signatures.revocations import note_revocations, noted_of
from app.store.signatures.writing import NewVersion, save_version

#: How often a version may be saved by somebody else meanwhile; and seconds of pause before another
#: attempt, times its number.
ATTEMPTS: Final = 6
PAUSE: Final = 0.05


@dataclass(frozen=True, slots=True)
class SavedSigning:
    """A signature that is in its thread now."""

    document: AskedDocument
    version: int
    marks: Marks


def sign_document(store: Store, token: str, submission: Submission) -> SavedSigning:
    """Verify what a signer sent, add it to what is there, and save the next version.

    Args:
        store: the store and its settings.
        token: that of the signer's link.
        submission: what was sent.

    Raises:
        Refusal: it is not saved, and why.
        ContentAway: the document is kept, and can't be read now.
        Busy: too much is being verified.
    """
    asked, document = _require_asked(store, token, submission.number)
    for attempt in range(1, ATTEMPTS + 1):
        saved = _try_to_save(store, token, asked, document, submission)
        if saved is not None:
            return saved
        time.sleep(PAUSE * attempt * random.uniform(0.5, 1.5))  # noqa: S311  # no secret
    raise Refusal("too_busy")


def _try_to_save(
    store: Store,
    token: str,
    asked: AskedSigning,
    document: AskedDocument,
    submission: Submission,
) -> SavedSigning | None:
    """Verify and save; None if somebody else was first. Large ones one at a time, until saved."""
    current = _read_current(store.engine, document)
    with store.trust.turns.reading_size(submission.size + _size_of(current)):
        try:
            prepared = prepare(store, current, asked, document, submission)
            version = _save(store, token, document, current, prepared, submission)
        except (VersionConflict, VersionNotSet, SignatureNotFound):
            return None
    return SavedSigning(document, version, prepared.marks)


def _size_of(current: SignatureRecord | None) -> int:
    text = None if current is None else current.cms
    return text.size if isinstance(text, LargeText) else len(text or "")


def _require_asked(
    store: Store, token: str, number: int, connection: Connection | None = None
) -> tuple[AskedSigning, AskedDocument]:
    """Return the document that the link lets its holder sign now. Raises Refusal."""
    if connection is None:
        with store.engine.connect() as opened:
            return _require_asked(store, token, number, opened)
    asked = find_signing(connection, token, store.trusted)
    for document in asked.to_sign if asked else ():
        if document.number == number and asked:
            return asked, document
    raise Refusal("not_asked")


def _read_current(engine: Engine, document: AskedDocument) -> SignatureRecord | None:
    with engine.connect() as connection:
        try:
            return reading.get_signature(connection, document.document, document.thread)
        except SignatureNotFound:
            return None


def _save(  # noqa: PLR0913, PLR0917  # as above
    store: Store,
    token: str,
    document: AskedDocument,
    current: SignatureRecord | None,
    prepared: Prepared,
    submission: Submission,
) -> int:
    """Save the next version, if the link can still be used.

    Raises:
        Refusal: it can't: the package was cancelled, or the signer has declined.
        VersionConflict, VersionNotSet: somebody else was first.
    """
    signature, now = prepared.joined.signature, datetime.now(UTC)
    signing = read_signing(signature, now, prepared.content_sha256, prepared.found)
    new = NewVersion(
        document=document.document,
        thread=document.thread,
        cms_bytes=signature.der,
        stage=current.stage if current else None,
        tags=tuple(current.tags) if current else (),
        method=submission.method,
    )
    urgency = None
    if store.terms.queues_evidence and store.requirement is None:
        ends = (one.certificate.not_after for one in signature.signers)
        urgency = jobs.urgency_of(ends, now)
    seen = current.version if current else None
    kept = submission.kept.offer() if submission.kept else nullcontext()
    with kept as offer, transaction(store.engine) as connection:
        asked, _ = _require_asked(store, token, document.number, connection)
        saved = save_version(connection, new, signing, seen, new_evidence=urgency)
        key = Key(saved.record.id, saved.record.version)
        proven = prepared.evidence.statuses if prepared.evidence else ()
        note_revocations(connection, noted_of((*prepared.statuses, *proven)))
        keep_signing(connection, asked.link, document.number, key, prepared.joined.new[0].number)
        if offer is not None:
            offer.keep_for_version(connection, saved.record.id, saved.record.version)
        if prepared.evidence is not None:
            keep_saved(connection, key, prepared.evidence.items, prepared.evidence.states)
    return saved.record.version
