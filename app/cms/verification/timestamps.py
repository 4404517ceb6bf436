"""The timestamps of one signature: each is checked, and one of them counts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from operator import itemgetter

from app.cms.path.occasions import Interval
from app.cms.signed_data.signer_info import SignerInfo
from app.cms.verdict import Answer, Verdict
from app.cms.verification.status import TimestampStatus
from app.cms.verification.tokens import TokenCase, check_timestamp, check_token


def check_timestamps(
    signer: SignerInfo, case: TokenCase, kept: Sequence[bytes] = ()
) -> tuple[TimestampStatus, ...]:
    """Check the timestamps of a signer; `kept` are further tokens, stored apart, encoded."""
    own = [check_timestamp(token, signer.signature, case) for token in signer.tokens]
    return (*own, *check_kept(kept, signer.signature, case))


def check_kept(
    kept: Sequence[bytes], stamped: bytes | None, case: TokenCase
) -> list[TimestampStatus]:
    """Check tokens that are stored apart; whether their authority had ended is for the caller."""
    return [check_token(one, stamped, replace(case, known=None)) for one in kept]


def choose_timestamp(statuses: Sequence[TimestampStatus]) -> TimestampStatus | None:
    """Return the earliest valid timestamp, or else the first; None if there is none.

    If none is valid, an undetermined one is preferred.
    """
    verified = [(time, one) for one in statuses if (time := verified_time(one))]
    if verified:
        return min(verified, key=itemgetter(0))[1]
    return min(statuses, key=lambda one: one.verdict.answer is Answer.NO, default=None)


def doubt_ended(
    statuses: Sequence[TimestampStatus], moment: datetime
) -> tuple[TimestampStatus, ...]:
    """Return timestamps of which none is valid whose authority's path ends by a moment."""
    return tuple(
        replace(one, verdict=Verdict(Answer.UNKNOWN))
        if verified_time(one) and one.ends_at and one.ends_at <= moment
        else one
        for one in statuses
    )


def verified_time(status: TimestampStatus | None) -> datetime | None:
    """Return the time by which a timestamp proves that its signature existed; None if it doesn't.

    That is genTime, or later by its accuracy.
    """
    proven = proven_interval(status)
    return proven.latest if proven else None


def proven_interval(status: TimestampStatus | None) -> Interval | None:
    """Return the time within which a timestamp was made, or None if it proves nothing."""
    if status is None or status.verdict.answer is not Answer.YES:
        return None
    return status.interval
