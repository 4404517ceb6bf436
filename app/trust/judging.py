"""Whether an answer of an authority counts: it is about a link, signed rightly, and holds now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from app.cms import (
    Answer,
    CertificateList,
    Occasion,
    OcspResponse,
    Reason,
    RevocationData,
    Undecidable,
    Verdict,
    check_revocation,
)
from app.trust.sources import Link

Found: TypeAlias = CertificateList | OcspResponse

NO_DELTA = Reason("a delta CRL is not one of the CRL at hand")


class Doubtful(Exception):  # It reads as what it says.
    """An answer says nothing that counts; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.reason = reason


def demand(doubt: Reason | None) -> None:
    """Raise Doubtful if there is a doubt."""
    if doubt:
        raise Doubtful(doubt)


def judge(link: Link, found: Sequence[Found], now: datetime) -> Verdict:
    """Return whether answers are about a link, signed by who may sign them, and hold now."""
    lists = [one for one in found if isinstance(one, CertificateList)]
    responses = [one for one in found if isinstance(one, OcspResponse)]
    return check_revocation(link, Occasion.of(now), [RevocationData(lists, responses)])


def doubt(link: Link, found: Found, now: datetime) -> Reason | None:
    """Return why an answer says nothing now; None if it does."""
    verdict = judge(link, [found], now)
    return verdict.reasons[0] if verdict.answer is Answer.UNKNOWN else None


def doubt_delta(link: Link, base: CertificateList, found: Found, now: datetime) -> Reason | None:
    """Return why an answer says nothing of what changed since `base` (RFC 5280 section 5.2.4).

    What stands at a delta's address and doesn't say that it is one never counts as complete. One
    of another base still tells of what it names itself.
    """
    if not isinstance(found, CertificateList) or not found.is_delta:
        return NO_DELTA
    if judge(link, [found], now).answer is Answer.NO:
        return None
    if not found.is_delta_of(base):
        return NO_DELTA
    if not is_current(found, now):
        return Reason("a delta CRL is outdated")
    verdict = judge(link, [base, found], now)
    return verdict.reasons[0] if verdict.answer is Answer.UNKNOWN else None


def is_current(delta: CertificateList, now: datetime) -> bool:
    """Return whether there is no newer delta CRL to be expected."""
    return delta.next_update is not None and now <= delta.next_update


def is_superseded(link: Link, base: CertificateList, delta: Found) -> bool:
    """Return whether a delta CRL shows that there is a newer complete one than `base`."""
    if not isinstance(delta, CertificateList) or delta.base_number is None:
        return False
    try:
        is_issued = delta.is_signed_by(link[1].public_key)
    except Undecidable:
        return False
    return is_issued and base.number is not None and base.number < delta.base_number


@dataclass(slots=True)
class Case:
    """What is asked about, and until when it must be known.

    Of a delta CRL there is the complete one at hand, `base`; of a complete one may be known that it
    has at least a number.
    """

    link: Link
    now: datetime
    deadline: float
    base: CertificateList | None = None
    least: int = 0

    def doubt(self, found: Found) -> Reason | None:
        """Return why an answer says nothing now; None if it does."""
        if self.base is not None:
            return doubt_delta(self.link, self.base, found, self.now)
        if isinstance(found, CertificateList) and (found.number or 0) < self.least:
            return NO_DELTA
        return doubt(self.link, found, self.now)
