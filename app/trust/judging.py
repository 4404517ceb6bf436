"""Whether an answer about revocation counts: about this certificate, correctly signed, current."""

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

NO_DELTA = Reason("a delta CRL has another base than the CRL at hand")


class Doubtful(Exception):  # It is named for what it says.
    """An answer does not count; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.reason = reason


def refuse_doubt(doubt: Reason | None) -> None:
    """Raise Doubtful if there is a doubt."""
    if doubt:
        raise Doubtful(doubt)


def judge(link: Link, found: Sequence[Found], now: datetime) -> Verdict:
    """Require that answers are about a link, signed by an authorised key, and current."""
    lists = [one for one in found if isinstance(one, CertificateList)]
    responses = [one for one in found if isinstance(one, OcspResponse)]
    return check_revocation(link, Occasion.of(now), [RevocationData(lists, responses)])


def doubt(link: Link, found: Found, now: datetime) -> Reason | None:
    """Return why an answer does not count now; None if it does."""
    verdict = judge(link, [found], now)
    return verdict.reasons[0] if verdict.answer is Answer.UNKNOWN else None


def doubt_delta(link: Link, base: CertificateList, found: Found, now: datetime) -> Reason | None:
    """Return why an answer is not a usable delta CRL of `base` (RFC 5280 section 5.2.4).

    A CRL from a delta's address that isn't marked as a delta never counts as complete. A delta of
    another base is still used for the entries that it lists.
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
    """Return whether no newer delta CRL is to be expected."""
    return delta.next_update is not None and now <= delta.next_update


def is_superseded(link: Link, base: CertificateList, delta: Found) -> bool:
    """Return whether a delta CRL shows that there is a complete one newer than `base`."""
    if not isinstance(delta, CertificateList) or delta.base_number is None:
        return False
    try:
        is_issued = delta.is_signed_by(link[1].public_key)
    except Undecidable:
        return False
    return is_issued and base.number is not None and base.number < delta.base_number


@dataclass(slots=True)
class Case:
    """The certificate in question, and the deadline.

    For a delta CRL `base` is the complete one that is available; for a complete one a minimum CRL
    number may be known.
    """

    link: Link
    now: datetime
    deadline: float
    base: CertificateList | None = None
    least: int = 0

    def doubt(self, found: Found) -> Reason | None:
        """Return why an answer does not count now; None if it does."""
        if self.base is not None:
            return doubt_delta(self.link, self.base, found, self.now)
        if isinstance(found, CertificateList) and (found.number or 0) < self.least:
            return NO_DELTA
        return doubt(self.link, found, self.now)
