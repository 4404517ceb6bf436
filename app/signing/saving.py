"""The way of a signature from the signer into the thread, tried again if another was first."""

from __future__ import annotations

import random
import time
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Engine

from app.cms import (
    CONTENT_NEEDED,
    SHA_256,
    Answer,
    ContentBudget,
    GivenContent,
    KnownDigests,
    Reason,
    SignedData,
    SignerStatus,
    compare_content,
)
from app.signing.checking import Marks, require_acceptable
from app.signing.joining import Joined, join
from app.signing.refusals import Refusal
from app.signing.submission import Submission, content_of, read_signature
from app.signing.terms import SigningTerms
from app.store.database.engine import transaction
from app.store.errors import (
    EvidenceImpossible,
    EvidenceUnavailable,
    SignatureNotFound,
    VersionConflict,
    VersionNotSet,
)
from app.store.evidence import jobs
from app.store.evidence.keeping import keep_saved
from app.store.packages.signing import AskedDocument, AskedSigning, find_signing
from app.store.packages.signings import keep_signing
from app.store.signatures import reading
from app.store.signatures.extraction import read_found, read_signing
from app.store.signatures.large_texts import Key
from app.store.signatures.records import SignatureRecord
from app.store.signatures.revocations import note_revocations, noted_of, recall_of
from app.store.signatures.standings import Trusted
from app.store.signatures.writing import NewVersion, save_version
from app.trust import Trust

if TYPE_CHECKING:
    from app.evidence.obtaining import Outcome
    from app.evidence.requiring import Requirement

#: How often a version may be saved by somebody else meanwhile; and seconds of pause before another
#: attempt, times its number.
ATTEMPTS: Final = 6
PAUSE: Final = 0.05


@dataclass(frozen=True, slots=True)
class Store:
    """What signing works with."""

    engine: Engine
    trust: Trust
    trusted: Trusted
    terms: SigningTerms
    #: With EVIDENCE=require.
    requirement: Requirement | None = None


@dataclass(frozen=True, slots=True)
class SavedSigning:
    """A signature that is in its thread now."""

    document: AskedDocument
    version: int
    marks: Marks


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A version that is verified, and only has to be the next."""

    joined: Joined
    statuses: tuple[SignerStatus, ...]
    marks: Marks
    content_sha256: str | None
    evidence: Outcome | None


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
    sent = read_signature(submission)
    asked, document = _require_asked(store, token, submission.number)
    content = content_of(submission, sent, document.sha256)
    for attempt in range(1, ATTEMPTS + 1):
        current = _read_current(store.engine, document)
        prepared = _prepare(store, current, sent, content, asked, document, submission)
        try:
            version = _save(store, token, document, current, prepared, submission)
        except (VersionConflict, VersionNotSet, SignatureNotFound):
            time.sleep(PAUSE * attempt * random.uniform(0.5, 1.5))  # noqa: S311  # no secret
            continue
        return SavedSigning(document, version, prepared.marks)
    raise Refusal("too_busy")


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


def _prepare(  # noqa: PLR0913, PLR0917  # what is there, what was sent, and what was asked for
    store: Store,
    current: SignatureRecord | None,
    sent: SignedData,
    content: GivenContent | None,
    asked: AskedSigning,
    document: AskedDocument,
    submission: Submission,
) -> _Prepared:
    """Join and verify. Raises Refusal, ContentAway or Busy."""
    joined = join(
        current and current.text,
        sent,
        content,
        is_fixed=document.sha256 is not None,
        keeps_cosigners=store.terms.keeps_cosigners,
    )
    if len(joined.new) < len(joined.signature.signers):
        content = _content_of_all(joined.signature, submission, document.sha256)
    statuses = store.trust.verify(
        joined.signature,
        content,
        at=datetime.now(UTC),
        fetch=True,
        content_budget=ContentBudget(),
        recall=recall_of(store.engine),
    )
    marks = require_acceptable(
        statuses[-len(joined.new) :], asked.signer, store.terms, anchored=store.trust.has_anchors
    )
    digest = (_sha256_of(content) or document.sha256) if _is_over(joined, content) else None
    return _Prepared(joined, statuses, marks, digest, _obtain(store, joined.signature))


def _content_of_all(
    signature: SignedData, submission: Submission, expected: str | None
) -> GivenContent | None:
    """Return what all who are in a version are compared with, also those of before.

    Without signed attributes (RFC 5652 section 5.4) only the document itself shows that those still
    have signed it: who adds a signature must bring it, unless it is kept.

    Raises:
        Refusal: it is missing, or another one.
        ContentAway: it is kept, and can't be read now.
    """
    content = content_of(submission, signature, expected)
    is_here = isinstance(content, bytes) or signature.attached or submission.kept is not None
    if not is_here and not all(one.has_signed_attributes for one in signature.signers):
        raise Refusal("document_needed", CONTENT_NEEDED.reasons[0])
    return content


def _is_over(joined: Joined, content: GivenContent | None) -> bool:
    """Return whether all who are in a version, also those of before, are known to sign a document.

    A digest by another algorithm than theirs doesn't say so: what is kept of the version must not
    let it count for them.
    """
    if content is None:
        return False
    verdicts = compare_content(joined.signature, content, budget=ContentBudget())
    return all(one.answer is Answer.YES for one in verdicts)


def _sha256_of(content: GivenContent | None) -> str | None:
    """Return the SHA-256 of the document, hex; None if it isn't known."""
    if isinstance(content, bytes):
        return sha256(content).hexdigest()
    known = content.find(SHA_256) if isinstance(content, KnownDigests) else None
    return None if known is None else known.hex()


def _obtain(store: Store, signature: SignedData) -> Outcome | None:
    """Obtain evidence where a save waits for it. Raises Refusal or Busy."""
    if store.requirement is None:
        return None
    try:
        return store.requirement.obtain(signature)
    except (EvidenceUnavailable, EvidenceImpossible) as error:
        reason = error.values.get("reason")
        raise Refusal("no_evidence", reason if isinstance(reason, Reason) else None) from error


def _save(  # noqa: PLR0913, PLR0917  # as above
    store: Store,
    token: str,
    document: AskedDocument,
    current: SignatureRecord | None,
    prepared: _Prepared,
    submission: Submission,
) -> int:
    """Save the next version, if the link can still be used.

    Raises:
        Refusal: it can't: the package was cancelled, or the signer has declined.
        VersionConflict, VersionNotSet: somebody else was first.
    """
    signature, now = prepared.joined.signature, datetime.now(UTC)
    found = read_found(signature, prepared.statuses, store.trusted)
    signing = read_signing(signature, now, prepared.content_sha256, found)
    new = NewVersion(
        document=document.document,
        thread=document.thread,
        cms=prepared.joined.text,
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
