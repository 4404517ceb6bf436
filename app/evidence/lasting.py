"""Timestamps whose authority's certificate has ended: what an evidence record says about them.

No authority answers for the key of a certificate that has ended. What it signed proves something
only if it is known to have existed before (RFC 4998 section 5.3). That is what a record shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from app.cms import (
    YES,
    Answer,
    Certificate,
    EvidenceRecordStatus,
    NotedRevocation,
    SignerStatus,
    Verdict,
    every,
    no,
    title_of_name,
    unknown,
    verify_evidence_record,
)
from app.evidence.brought import Ask, ProvenRecord, verify_brought
from app.store.evidence.reading import KeptItem
from app.store.signatures.revocations import Recall
from app.trust.kept import kept_of
from app.trust.loaded import Loaded
from app.trust.recalling import recalling


@dataclass(frozen=True)
class Preserved:
    """A stored signature with what was obtained for it: its bytes, items, and its record.

    `file` is only needed with a record. `loaded` has the anchors of now. `is_brought`: others have
    brought it all, who may have left out that an authority was revoked; `ask` asks the authorities.
    """

    file: bytes | None
    items: tuple[KeptItem, ...]
    stored: ProvenRecord | None
    loaded: Loaded
    now: datetime
    #: Finds the revocations that the store has noted; None for what is not stored.
    recall: Recall | None = None
    is_brought: bool = False
    ask: Ask | None = None

    @cached_property
    def record(self) -> EvidenceRecordStatus | None:
        """What the record shows for the signature and its timestamp tokens; None without one.

        What proves the timestamps of the record, and the anchors, alone count; for one that was
        brought, what `verify_brought` says.
        """
        if self.stored is None or self.file is None:
            return None
        tokens = {one.data for one in self.items if one.kind == "timestamp"}
        objects = [self.file, *sorted(tokens)]
        if self.is_brought:
            return verify_brought(self.stored, objects, self.loaded, self.now, self.ask)
        record, kept = self.stored.record, kept_of(self.stored.items)

        def verify(noted: tuple[NotedRevocation, ...]) -> EvidenceRecordStatus:
            token = self.loaded.knowing_only(replace(kept, noted=noted)).verify_timestamp
            return verify_evidence_record(record, objects, token, now=self.now)

        return recalling(verify, _chains_of, self.loaded, self.recall)


def _chains_of(status: EvidenceRecordStatus) -> Iterator[tuple[Certificate, ...]]:
    return (one.chain for one in status.timestamps)


def outlast(statuses: Sequence[SignerStatus], preserved: Preserved) -> tuple[SignerStatus, ...]:
    """Return results that don't depend on a timestamp which proves nothing any more.

    They stay as they are if the certificate of the authority has not ended, or if the record shows
    that the signature and its tokens existed before it did. Otherwise the results are those without
    that timestamp; and unless another one is valid, whether the signer's certificate was valid is
    unknown, if it isn't proven that it was not.
    """
    return tuple(_outlast(status, preserved) for status in statuses)


def archived(preserved: Preserved) -> Verdict:
    """Return whether a record proves since when a signature and its timestamp tokens existed."""
    record = preserved.record
    return record.verdict if record else no("there is no evidence record of it yet")


def has_ended(status: SignerStatus) -> bool:
    """Return whether a result depends on a timestamp whose authority's certificate has ended."""
    return status.otherwise is not None


def _shows(record: EvidenceRecordStatus | None, status: SignerStatus) -> Verdict:
    """Return whether a record shows that a timestamp existed before its certificate ended."""
    stamp = status.timestamp
    if stamp is None or stamp.authority is None or stamp.ends_at is None:
        return YES
    if record is not None and record.verdict.answer is not Answer.YES:
        # That the record fails speaks against it alone.
        return Verdict(Answer.UNKNOWN, record.verdict.reasons)
    existed_at = record.existed_at if record else None
    if existed_at is not None and existed_at <= stamp.ends_at:
        return YES
    return unknown(
        "the certificate of {subject} was valid only until {until}, and the timestamp was not"
        " renewed before then",
        subject=title_of_name(stamp.authority.subject),
        until=stamp.ends_at,
    )


def _outlast(status: SignerStatus, preserved: Preserved) -> SignerStatus:
    """Return a result, or that without its timestamp, if nothing shows that it existed in time.

    So what is proven without the timestamp stays proven, and nothing is that only it proves.
    """
    if status.otherwise is None:
        return status
    verdict = _shows(preserved.record, status)
    if verdict.answer is Answer.YES:
        return status
    without = _outlast(status.otherwise, preserved)
    stamp = without.timestamp
    if stamp is None or without.decisive_time_source == "timestamp":
        return without
    return replace(
        without,
        path=every(without.path, verdict),
        timestamp=replace(stamp, verdict=every(stamp.verdict, verdict)),
    )
