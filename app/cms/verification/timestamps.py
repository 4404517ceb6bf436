"""The timestamps of one signature: each is checked, and one of them counts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from operator import itemgetter

from app.cms.signed_data.signer_info import SignerInfo
from app.cms.verdict import Answer
from app.cms.verification.status import TimestampStatus
from app.cms.verification.tokens import TokenCase, check_timestamp, check_token


def check_timestamps(
    signer: SignerInfo, case: TokenCase, kept: Sequence[bytes] = ()
) -> TimestampStatus | None:
    """Check the timestamps of a signer, and return the earliest valid one, or else the first.

    `kept` are further tokens, encoded, which are stored apart from the signature. If none is valid,
    an undetermined one is preferred. None if there is none.
    """
    own = [check_timestamp(token, signer.signature, case) for token in signer.tokens]
    return choose_timestamp([*own, *check_kept(kept, signer.signature, case)])


def check_kept(
    kept: Sequence[bytes], stamped: bytes | None, case: TokenCase
) -> list[TimestampStatus]:
    """Check tokens that are stored apart; whether their authority had ended is for the caller."""
    return [check_token(one, stamped, replace(case, known=None)) for one in kept]


def choose_timestamp(statuses: Sequence[TimestampStatus]) -> TimestampStatus | None:
    """Return the timestamp that counts: see `check_timestamps`."""
    verified = [(time, one) for one in statuses if (time := verified_time(one))]
    if verified:
        return min(verified, key=itemgetter(0))[1]
    return min(statuses, key=lambda one: one.verdict.answer is Answer.NO, default=None)


def verified_time(status: TimestampStatus | None) -> datetime | None:
    """Return the time that a timestamp proves, or None if it proves none."""
    if status is None or status.verdict.answer is not Answer.YES:
        return None
    return status.gen_time
