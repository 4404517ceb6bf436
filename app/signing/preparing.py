"""What a signer sent, verified and joined with what is there: all but the save."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from app.cms import (
    CONTENT_NEEDED,
    SHA_256,
    Answer,
    ContentBudget,
    GivenContent,
    KnownDigests,
    Meter,
    Reason,
    SignedData,
    SignerStatus,
    compare_content,
)
from app.signing.allowance import Allowance
from app.signing.checking import Marks, require_acceptable
from app.signing.joining import Joined, authorities_of, join, read_own, read_present, without_strays
from app.signing.refusals import Refusal
from app.signing.submission import Submission, content_of
from app.signing.terms import SigningTerms
from app.store.errors import EvidenceImpossible, EvidenceUnavailable
from app.store.packages.signing import AskedDocument, AskedSigning
from app.store.packages.status import is_asked_for
from app.store.signatures.extraction import read_found
from app.store.signatures.records import SignatureRecord
from app.store.signatures.revocations import recall_of
from app.store.signatures.standings import SHARED, SHARED_VALID, Found, Trusted
from app.trust import Trust
from app.trust.kept import Kept

if TYPE_CHECKING:
    from app.evidence.obtaining import Outcome
    from app.evidence.requiring import Requirement


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
class Prepared:
    """A version that is verified, and only has to be the next."""

    joined: Joined
    statuses: tuple[SignerStatus, ...]
    found: Mapping[int, Found]
    marks: Marks
    content_sha256: str | None
    evidence: Outcome | None


def prepare(
    store: Store,
    current: SignatureRecord | None,
    asked: AskedSigning,
    document: AskedDocument,
    submission: Submission,
) -> Prepared:
    """Join and verify. Raises Refusal, ContentAway or Busy."""
    content = content_of(submission, submission.signature, document.sha256)
    joined, statuses = _join(store, current, content, asked, document, submission)
    if joined.signature is not submission.signature:
        if joined.is_continued:
            content = _content_of_all(joined.signature, submission, document.sha256)
        statuses = _verify(store, joined.signature, content)
    marks = _require_acceptable(store, statuses[-len(joined.new) :], asked)
    found = _require_countable(store, joined, statuses)
    digest = (_sha256_of(content) or document.sha256) if _is_over(joined, content) else None
    return Prepared(joined, statuses, found, marks, digest, _obtain(store, joined.signature))


def _join(  # noqa: PLR0913, PLR0917  # what is there, what was sent, and what was asked for
    store: Store,
    current: SignatureRecord | None,
    content: GivenContent | None,
    asked: AskedSigning,
    document: AskedDocument,
    submission: Submission,
) -> tuple[Joined, tuple[SignerStatus, ...]]:
    """Join what was sent with what is there; return also the results of what was sent by itself.

    Either may be 30 MB: both are released before the whole is verified. Raises Refusal or Busy.
    """
    present = read_present(
        current,
        submission.signature,
        content,
        begins_anew=current is not None and _begins_anew(store, asked, document),
        keeps_cosigners=store.terms.keeps_cosigners,
    )
    sent = read_own(present, submission.signature)
    own, statuses = _verify_own(store, sent, content, asked, present)
    return join(present, own), statuses


def _begins_anew(store: Store, asked: AskedSigning, document: AskedDocument) -> bool:
    """Return whether signers of another document may be left behind in the former version.

    The office has fixed what is to be signed, and asked for nothing else in the thread since.
    """
    if document.sha256 is None:
        return False
    with store.engine.connect() as connection:
        place = document.document, document.thread
        return not is_asked_for(connection, *place, after=asked.link.package_id)


def _verify_own(
    store: Store,
    sent: SignedData,
    content: GivenContent | None,
    asked: AskedSigning,
    present: SignedData | None,
) -> tuple[SignedData, tuple[SignerStatus, ...]]:
    """Verify what a signer adds by itself; return it without certificates that it doesn't need.

    Authorities whose certificates are in the `present` version are known. They are asked about
    revocation only if there is none: else they are asked once it has been joined with the others.
    Raises Refusal or Busy.
    """
    allowance, meter = Allowance(len(asked.signers)), Meter()
    allowance.require_few(sent)
    known = Kept(certificates=authorities_of(present, sent) if present else ())
    statuses = _verify(store, sent, content, known, fetch=present is None, meter=meter)
    _require_acceptable(store, statuses, asked)
    own = without_strays(sent, statuses)
    allowance.require_small(own, meter.cost)
    return own, statuses


def _verify(  # noqa: PLR0913  # a signature, and all that it is verified with
    store: Store,
    signature: SignedData,
    content: GivenContent | None,
    known: Kept | None = None,
    *,
    fetch: bool = True,
    meter: Meter | None = None,
) -> tuple[SignerStatus, ...]:
    return store.trust.verify(
        signature,
        content,
        at=datetime.now(UTC),
        fetch=fetch,
        kept=known,
        content_budget=ContentBudget(),
        recall=recall_of(store.engine),
        meter=meter,
    )


def _require_acceptable(
    store: Store, statuses: tuple[SignerStatus, ...], asked: AskedSigning
) -> Marks:
    return require_acceptable(statuses, asked.signer, store.terms, anchored=store.trust.has_anchors)


def _require_countable(
    store: Store, joined: Joined, statuses: tuple[SignerStatus, ...]
) -> Mapping[int, Found]:
    """Return the results as they are kept, of which one of the new signers must count.

    A signature that is another signer's too, by one key, counts for one of them only: the same
    person could add such without end. Raises Refusal.
    """
    found = read_found(joined.signature, statuses, store.trusted)
    standings = [found[one.number].standing for one in joined.new]
    if all(one is not None and one.value in (SHARED, SHARED_VALID) for one in standings):
        raise Refusal("nothing_new")
    return found


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
        # Authorities may be slow, and others wait for the turn.
        with store.trust.turns.paused():
            return store.requirement.obtain(signature)
    except (EvidenceUnavailable, EvidenceImpossible) as error:
        reason = error.values.get("reason")
        raise Refusal("no_evidence", reason if isinstance(reason, Reason) else None) from error
