"""How a signing is written.

What the store can't know is null, and so is all that is about the person's own signature until
one with the person's number was verified. `state` and `status` are of the thread: where a package
says who must sign it, they wait for the others too.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson

from app.api.datetimes import write_moment
from app.api.solaris.documents import write_documents
from app.store.packages.progress import Progress
from app.store.packages.requirements import is_over
from app.store.persons.signings import OwnSignature, Person, PersonSigning, SignedVersion

#: What each status is called as a state.
STATES = {
    "created": "created",
    "pending": "pending",
    "finished": "successful",
    "expired": "expired",
    "failed": "failed",
}


def write_signing(
    signing: PersonSigning,
    person: Person,
    progress: Progress | None,
    *,
    pages: str | None,
    now: datetime,
) -> dict[str, Any]:
    """Write one signing.

    Args:
        signing: what is written.
        person: whose it is.
        progress: that of the thread's package, None if there is none.
        pages: the address below which threads have theirs, None if they have none.
        now: the moment as of which packages expire.
    """
    signed, status = signing.signed, _status(signing, progress, now)
    last = max(_moments(signed, _sha256(progress)), key=_moment, default=None) if signed else None
    return {
        "id": _signing_id(signing, person),
        "reference": signing.thread,
        "url": pages and signing.public_id and f"{pages}/{signing.public_id}",
        "state": STATES[status],
        "status": status,
        "completed_at": last and write_moment(last[0]),
        "completed_at_source": last and last[1],
        "method": signed and (signed.method or signed.format),
        "identification_id": last and f"{last[2].certificate_sha256[:32]}cidt",
        "documents": write_documents(signing.document, signed),
    }


def _signing_id(signing: PersonSigning, person: Person) -> str:
    """Return an id that stays the same when the first signature arrives."""
    thread = orjson.dumps([signing.document, signing.thread, person.number])
    return f"{sha256(thread).hexdigest()[:32]}csig"


def _sha256(progress: Progress | None) -> str | None:
    """Return the SHA-256 of what was to be signed; None if no package that was sent says."""
    return progress.sha256 if progress and progress.opened_at else None


def _status(signing: PersonSigning, progress: Progress | None, now: datetime) -> str:
    """Return how far the thread is: whether what its package demands is met, if there is one."""
    if progress is None or progress.opened_at is None:
        return _own_status(signing)
    if progress.rescinded_at is not None:
        return "failed"
    if 0 < progress.required <= progress.signed:
        return "finished"
    if progress.sign_by is not None and progress.sign_by <= now:
        return "expired"
    begun = progress.signed or _own_status(signing) in ("pending", "finished")
    return "pending" if begun else "created"


def _own_status(signing: PersonSigning) -> str:
    """Return how far the person is. What is proven to be another person's counts for nothing."""
    if signing.signed is None:
        return "created"
    own = signing.signed.own
    if any(one.counts for one in own):
        return "finished"
    return "failed" if own and all(one.state == "refused" for one in own) else "pending"


def _moments(
    signed: SignedVersion, sha256: str | None
) -> Iterator[tuple[datetime, str, OwnSignature]]:
    """Return when the person signed what was to be signed, each time, and how that is known."""
    for own in signed.own:
        digests = own.digest_algorithm, own.message_digest, signed.content_sha256
        if not own.counts or not is_over(sha256, *digests):
            continue
        if own.verified_gen_time is not None:
            yield own.verified_gen_time, "verified_timestamp", own
        elif own.claimed_signing_time is not None:
            yield own.claimed_signing_time, "claimed_signing_time", own
        else:
            yield signed.created_at, "saved", own


def _moment(found: tuple[datetime, str, OwnSignature]) -> datetime:
    return found[0]
