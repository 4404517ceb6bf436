"""The format of a signing.

What the store can't know is null, and so is everything about the person's own signature until one
with the person's number was verified. `state` and `status` are those of the thread: with a package
they also depend on the other signers. No signing is finished whose person has not signed.
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

#: The state of each status.
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
    """Return one signing.

    Args:
        signing: the signing.
        person: the person.
        progress: that of the thread's package, None if there is none.
        pages: the base address of threads, None if they have none.
        now: the time as of which packages expire.
    """
    signed = signing.signed
    last = max(_moments(signed, _sha256(progress)), key=_moment, default=None) if signed else None
    status = _status(signing, progress, now, has_signed=last is not None)
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
    """Return the SHA-256 of what was to be signed; None if no sent package has it."""
    return progress.sha256 if progress and progress.opened_at else None


def _status(
    signing: PersonSigning, progress: Progress | None, now: datetime, *, has_signed: bool
) -> str:
    """Return the status of the thread: whether the requirements of its package, if any, are met.

    A signer who has not signed what the others finished keeps a status of their own.
    """
    own = _own_status(signing)
    if progress is None or progress.opened_at is None:
        return own
    if progress.rescinded_at is not None:
        return "failed"
    if 0 < progress.required <= progress.signed:  # Also if somebody declined before.
        return "finished" if has_signed else _unfinished(own)
    if progress.declined:
        return "failed"
    if progress.sign_by is not None and progress.sign_by <= now:
        return "expired"
    begun = progress.signed or own in ("pending", "finished")
    return "pending" if begun else "created"


def _unfinished(own: str) -> str:
    """Return the status of a person whose signature, if it counts, is over another document."""
    return "pending" if own == "finished" else own


def _own_status(signing: PersonSigning) -> str:
    """Return the person's own status. A signature proven to be another person's is ignored."""
    if signing.signed is None:
        return "created"
    own = signing.signed.own
    if any(one.counts and one.is_same for one in own):
        return "finished"
    return "failed" if own and all(one.state == "refused" for one in own) else "pending"


def _moments(
    signed: SignedVersion, sha256: str | None
) -> Iterator[tuple[datetime, str, OwnSignature]]:
    """Return the times at which the person signed the document, with their sources."""
    for own in signed.own:
        digests = own.digest_algorithm, own.message_digest, own.content_sha256
        is_meant = own.is_same if sha256 is None else is_over(sha256, *digests)
        if not own.counts or not is_meant:
            continue
        if own.verified_gen_time is not None:
            yield own.verified_gen_time, "verified_timestamp", own
        elif own.claimed_signing_time is not None:
            yield own.claimed_signing_time, "claimed_signing_time", own
        else:
            yield signed.created_at, "saved", own


def _moment(found: tuple[datetime, str, OwnSignature]) -> datetime:
    return found[0]
