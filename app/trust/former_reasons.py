"""Refusals from before revocations were noted: only the sentence of the reason is left of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime

from sqlalchemy import Engine

from app.cms import (
    Answer,
    NotedRevocation,
    SignedData,
    SignedXml,
    SignerStatus,
    describe_signers,
    note_hold,
    title_of_name,
)
from app.store.database.engine import transaction
from app.store.signatures.judgements import Unverified
from app.store.signatures.revocations import find_revocations, note_revocations
from app.store.signatures.standings import REFUSED, Found

#: The reason of `app.cms.revocation.findings`.
_REASON = re.compile(r"the certificate of (.*) was revoked on (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC")


def note_former(
    engine: Engine,
    unverified: Unverified,
    signature: SignedData | SignedXml,
    statuses: Sequence[SignerStatus],
) -> bool:
    """Note the revocations for which signers of a version were refused, if none is noted of them.

    `statuses` are the results of now: what these have found again has its own statement, which may
    be the sender's and judges no other signature. Returns whether anything was noted. Raises
    SQLAlchemyError.
    """
    if not any(map(_reason_of, unverified.before.values())):
        return False
    found = {one.number for one in statuses if one.revocation.answer is Answer.NO}
    noted = list(_read(unverified, signature, found))
    if not noted:
        return False
    with engine.connect() as connection:
        known = find_revocations(connection, {one.certificate for one in noted})
    new = {one.certificate for one in noted}.difference(one.certificate for one in known)
    if new:
        with transaction(engine) as connection:
            note_revocations(connection, [one for one in noted if one.certificate in new])
    return bool(new)


def _reason_of(before: Found) -> re.Match[str] | None:
    """Return whose revocation a signer was refused for, and when it was; None if for none."""
    standing = before.standing
    if standing is None or standing.value != REFUSED:
        return None
    return _REASON.fullmatch(standing.reason or "")


def _read(
    unverified: Unverified, signature: SignedData | SignedXml, found: Collection[int]
) -> Iterator[NotedRevocation]:
    for signer in describe_signers(signature):
        before = unverified.before.get(signer.number)
        reason = _reason_of(before) if before and signer.number not in found else None
        if reason and reason[1] == title_of_name(signer.certificate.subject):
            when = datetime.fromisoformat(reason[2]).replace(tzinfo=UTC)
            yield note_hold(signer.certificate, when, unverified.saved_at)
