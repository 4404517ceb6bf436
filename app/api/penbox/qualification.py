"""Whether a signature is qualified: whether its signers are who they claim to be, verified now."""

from __future__ import annotations

from app.cms.errors import MalformedSignature
from app.cms.parsing import parse
from app.cms.status import Answer, SignerStatus
from app.extensions import current_trust
from app.store.public_threads import PublicThread


def is_qualified(thread: PublicThread) -> bool:
    """Return whether each signer of the current version reached an anchor when it was saved.

    Nothing may speak against one; that the content of a detached signature is not at hand, or
    revocation not known, doesn't.
    """
    trust = current_trust()
    if not trust.has_anchors:
        return False
    try:
        with trust.turns.take(read=len(thread.cms)):
            signature = parse(thread.cms, trailing_zeros=True)
            statuses = trust.verify(signature, at=thread.saved_at, fetch=True)
    except MalformedSignature:
        return False  # Kept while CMS_VALIDATION was off, or damaged where only verifying looks.
    return all(map(_reached_anchor, statuses))


def _reached_anchor(status: SignerStatus) -> bool:
    proven = status.valid.answer is status.path.answer is Answer.YES
    return proven and Answer.NO not in (status.intact.answer, status.revocation.answer)
