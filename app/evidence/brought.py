"""Evidence records that others have brought: what their timestamps prove, and as of when.

Who has the key of a timestamp authority can write any time into a token, and choose revocation data
of that time. RFC 4998 (section 3.3) answers that: each timestamp is covered by a later one, made
while it was good, and the newest has to be good now. So data of the package show that an authority
was good at the time of its timestamp; whether its key was stolen since, only the authority says,
as long as its certificate is in force. For a certificate that has ended no authority does; but then
a later timestamp, of another key, shows that the token existed before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol, TypeAlias

from app.cms import (
    Answer,
    EvidenceRecord,
    EvidenceRecordStatus,
    Reason,
    Verdict,
    every,
    title_of_name,
    unknown,
    verify_evidence_record,
)
from app.store.evidence.reading import KeptItem
from app.trust.judging import Found, judge
from app.trust.kept import kept_of
from app.trust.loaded import Loaded
from app.trust.sources import Link

if TYPE_CHECKING:
    from app.trust.online import Findings

Ask: TypeAlias = "Callable[[Iterable[Link]], Findings | None]"
"""Asks authorities about certificates, as of now; returns None if it may not: `Trust.inquire`."""

_NOT_ASKED = Verdict(
    Answer.YES,
    (
        Reason(
            "the authorities of the evidence record were not asked whether their keys were"
            " compromised since: REVOCATION is not online"
        ),
    ),
)


class ProvenRecord(Protocol):
    """A record, and what proves its timestamps."""

    @property
    def record(self) -> EvidenceRecord:
        """The record itself."""

    @property
    def items(self) -> tuple[KeptItem, ...]:
        """Certificates and revocation data."""


def verify_brought(
    brought: ProvenRecord,
    objects: Sequence[bytes],
    loaded: Loaded,
    now: datetime,
    ask: Ask | None,
) -> EvidenceRecordStatus:
    """Verify a record that others have brought, with what they have brought to prove it.

    No timestamp counts without data that show that its authority was not revoked. With `ask`,
    those of authorities whose certificates are in force must be the operator's, or the authority's
    own answer of now. Raises Busy: too much is being verified.
    """
    kept = kept_of(brought.items, is_brought=True)

    def verify(found: Iterable[Found] = ()) -> EvidenceRecordStatus:
        token = loaded.knowing_kept(kept, found).verify_timestamp
        return verify_evidence_record(brought.record, objects, token, now=now)

    status = verify()
    # No answer of an authority makes another one good.
    links = _open_links(status, loaded, now) if status.verdict.answer is Answer.YES else ()
    if not links:
        return _require(status)
    findings = ask(links) if ask else None
    if findings is None:
        return _require(status, _NOT_ASKED)
    doubts = [_doubt(link, findings, now) for link in links]
    return _require(verify(findings.found), *filter(None, doubts))


def _open_links(status: EvidenceRecordStatus, loaded: Loaded, now: datetime) -> tuple[Link, ...]:
    """List the certificates in force, with issuers, that the operator's data of now don't cover."""
    links = [
        link
        for stamp in status.timestamps
        for link in pairwise(stamp.chain)
        if now <= link[0].not_after
    ]
    return tuple(one for link in dict.fromkeys(links) for one in loaded.unanswered(link, now))


def _doubt(link: Link, findings: Findings, now: datetime) -> Verdict | None:
    """Return unknown if no answer of an authority says what holds of a certificate now."""
    if judge(link, findings.found, now).answer is not Answer.UNKNOWN:
        return None
    doubt = unknown(
        "whether {subject} was revoked has to be known as of now; a CRL or OCSP response in the"
        " evidence package, which others have chosen, does not say that",
        subject=title_of_name(link[0].subject),
    )
    return findings.explain(doubt, link)


def _require(status: EvidenceRecordStatus, *more: Verdict) -> EvidenceRecordStatus:
    """Return a result that is yes only if no authority of its timestamps was revoked."""
    verdict = every(status.verdict, *(stamp.revocation for stamp in status.timestamps), *more)
    existed_at = status.existed_at if verdict.answer is Answer.YES else None
    return replace(status, verdict=verdict, existed_at=existed_at)
