"""Verification of evidence records (RFC 4998 sections 3.3, 4.3 and 5.3): did objects exist, when?

Each timestamp proves that the one before it existed while that one still proved something; the
first proves that the objects did. So each is judged as of the time of the next one, and the newest
as of now.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Protocol

from app.cms.algorithms import registry as algorithms
from app.cms.asn1.node import DAMAGE
from app.cms.budget import Budget, ContentBudget
from app.cms.evidence_records.coverage import Coverage, DataObject, Link, find_root, list_links
from app.cms.evidence_records.record import EvidenceRecord
from app.cms.path.occasions import Interval, Occasion
from app.cms.path.rules import title
from app.cms.path.strength import weigh_digests
from app.cms.signed_data.contents import KnownDigest
from app.cms.verdict import YES, Answer, Verdict, every, no, unknown
from app.cms.verification.status import TimestampStatus
from app.cms.verification.timestamps import verified_time

_MALFORMED = no("a timestamp token of the evidence record is malformed")
_DISORDER = no("the timestamps of the evidence record are not in the order of their times")


class TokenVerifier(Protocol):
    """Verifies an encoded token over a digest: `Verifier.verify_timestamp`."""

    def __call__(
        self, token: bytes, stamped: KnownDigest, *, at: Occasion, budget: Budget
    ) -> TimestampStatus:
        """Return what the token attests; `at` is when it is known to exist."""


@dataclass(frozen=True, slots=True)
class EvidenceRecordStatus:
    """The results for an evidence record and the objects given with it.

    `verdict` is whether they are proven to have existed at `existed_at`, the time of its first
    timestamp; that is None for any other answer than yes. `lasts_until` is when the certificate of
    its newest timestamp expires: by then it has to be renewed. It is None without a certificate.
    `timestamps` are the results for each, oldest first, as of the time that the next one states.
    """

    verdict: Verdict
    existed_at: datetime | None
    lasts_until: datetime | None
    timestamps: tuple[TimestampStatus, ...]


def verify_record(
    record: EvidenceRecord,
    objects: Sequence[DataObject],
    verify_token: TokenVerifier,
    *,
    now: datetime,
    content_budget: Budget | None = None,
) -> EvidenceRecordStatus:
    """Verify that all of `objects` existed when the first timestamp of a record says so.

    `content_budget` pays for hashing them. Steps:

    1. each tree leads from what it has to cover to its timestamp: the first one from the objects,
       the first of a later chain from the objects with all chains before it, each other one from
       the token before it (sections 4.3 and 5.3);
    2. the timestamps of a chain are by one hash algorithm, which was not broken when the next chain
       began; their times ascend;
    3. each token is verified as of the time of the next one, by which its certificate must not have
       expired.

    Raises ValueError without objects, or if `now` has no time zone.
    """
    if not objects:
        raise ValueError("a record is verified for some object")
    at = Occasion.of(now).at
    try:
        links = [*list_links(record)]
    except DAMAGE:
        return EvidenceRecordStatus(_MALFORMED, None, None, ())
    budget = Budget()
    coverage = Coverage(record, objects, content_budget or ContentBudget(), budget)
    covered = [coverage.check(*pair) for pair in zip(links, [None, *links], strict=False)]
    roots = [find_root(link, budget) for link in links]
    statuses = [
        _verify_link(link, root, verify_token, Occasion(end, end, now=at), budget)
        for link, end, (root, _) in zip(links, _ends(links, at), roots, strict=True)
    ]
    verdicts = [*covered, *[verdict for _, verdict in roots]]
    return _conclude(every(*verdicts, *_check_chains(links, at)), links, statuses, at)


def _verify_link(
    link: Link, root: bytes, verify_token: TokenVerifier, when: Occasion, budget: Budget
) -> TimestampStatus:
    """Verify one token over the root of its hash tree (step 3)."""
    return verify_token(link.token, KnownDigest(link.algorithm, root), at=when, budget=budget)


def _conclude(
    verdict: Verdict, links: Sequence[Link], statuses: Sequence[TimestampStatus], at: datetime
) -> EvidenceRecordStatus:
    """Combine the verdict on the hash trees with those on the tokens (step 3)."""
    ends = _ends(links, at)
    expiry = [_check_expiry(status, end) for status, end in zip(statuses, ends, strict=True)]
    verdict = every(verdict, *[status.verdict for status in statuses], *expiry)
    return EvidenceRecordStatus(
        verdict,
        verified_time(statuses[0]) if verdict.answer is Answer.YES else None,
        statuses[-1].ends_at,
        tuple(statuses),
    )


def _ends(links: Sequence[Link], at: datetime) -> list[datetime]:
    """Return for each timestamp the time of the next one, or of the verification.

    It may be a mere claim; but then the next one is not verified, and the whole is no yes.
    """
    return [*[_latest(link) for link in links[1:]], at]


def _latest(link: Link) -> datetime:
    """Return the latest time at which a token may have been made."""
    return Interval.around(link.claims.gen_time, link.claims.accuracy).latest


def _check_chains(links: Sequence[Link], at: datetime) -> Iterator[Verdict]:
    """Check the rules for timestamps beside each other (section 5.3)."""
    for one, following in pairwise(links):
        if following.claims.gen_time < one.claims.gen_time:
            yield _DISORDER
        if following.chain != one.chain:
            yield weigh_digests(YES, [one.algorithm], following.claims.gen_time)
        elif _function(following) != _function(one):
            yield no(
                "timestamp {number} of the evidence record uses another hash algorithm than its"
                " chain",
                number=following.number,
            )
    yield weigh_digests(YES, [links[-1].algorithm], at)


def _function(link: Link) -> object:
    """Return what several identifiers of one hash algorithm share."""
    return algorithms.DIGESTS.get(link.algorithm, link.algorithm)


def _check_expiry(status: TimestampStatus, end: datetime) -> Verdict:
    """Return unknown for a timestamp that was not renewed before its certificate expired.

    Afterwards no authority answers for its key any more.
    """
    authority, ends_at = status.authority, status.ends_at
    # It is valid to the end of its last second.
    if authority is None or ends_at is None or end.replace(microsecond=0) <= ends_at:
        return YES
    return unknown(
        "the certificate of {subject} was valid only until {until}, and the timestamp was not"
        " renewed before then",
        subject=title(authority.subject),
        until=ends_at,
    )
