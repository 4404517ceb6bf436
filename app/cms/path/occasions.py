"""When something was signed: what is proven about that, and what is only claimed."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from app.cms.x509.certificate import Certificate

TOLERANCE = timedelta(minutes=5)
"""How much the clocks of two servers may differ."""


class Interval(NamedTuple):
    """The time within which a timestamp was made: genTime with its accuracy (RFC 3161, 2.4.2)."""

    earliest: datetime
    latest: datetime

    @classmethod
    def around(cls, moment: datetime, accuracy: timedelta) -> "Interval":
        """Return the interval around a moment, as far as a calendar reaches."""
        first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
        return cls(
            moment - min(accuracy, moment - first),
            moment + min(accuracy, last - moment),
        )


@dataclass(frozen=True, slots=True)
class ClaimedTimes:
    """Times at which a signature claims to have been made, without proof.

    `own` is in the signed part; `others` are those of timestamps that may be valid, which anyone
    can add.
    """

    own: datetime | None = None
    others: tuple[datetime, ...] = ()

    def contradict(self, certificate: Certificate) -> bool:
        """Return whether no claimed time is within the validity of the certificate."""
        if self.own is None:
            return False
        return not any(
            certificate.not_before <= moment <= certificate.not_after
            for moment in (self.own, *self.others)
        )


@dataclass(frozen=True, slots=True)
class Occasion:
    """The time as of which certificates are judged.

    `at` is the decisive time. `known` is when the signed data are known to have existed: algorithms
    are judged as of then. The two differ for a timestamp: its genTime is decisive for the TSA's
    certificate, but genTime is only the TSA's statement, and anyone who can forge its signature
    today can write any time into it. So the algorithms of a timestamp are judged as of the time at
    which it is known to exist.

    `claimed` is given if the signature was made at `at` or before; None if the certificate itself
    is judged at exactly that time. `now` is the time of verification by the caller's clock, if the
    caller gives it. `stamps_known` is when the timestamps in the signature are known to have
    existed: one whose authority's certificates had ended by then is unknown. Without it that is
    left to the caller, as it always is for tokens that are stored apart.
    """

    at: datetime
    known: datetime
    claimed: ClaimedTimes | None = None
    now: datetime | None = None
    stamps_known: datetime | None = None

    @classmethod
    def of(cls, at: "datetime | Occasion") -> "Occasion":
        """Return the occasion of a certain time, or the one given, in UTC.

        Raises ValueError if a time has no time zone.
        """
        if isinstance(at, Occasion):
            now = _in_utc(at.now) if at.now else None
            stamps = _in_utc(at.stamps_known) if at.stamps_known else None
            return cls(_in_utc(at.at), _in_utc(at.known), at.claimed, now, stamps)
        moment = _in_utc(at)
        return cls(moment, moment)


def is_future(moment: datetime | None, now: datetime | None) -> bool:
    """Return whether a time is still to come, with a tolerance of minutes between clocks."""
    return moment is not None and now is not None and moment - now > TOLERANCE


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time without its time zone is no moment")
    return moment.astimezone(UTC)
