"""When something was signed: what is proven of that, and what is only said."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.cms.x509.certificate import Certificate

TOLERANCE = timedelta(minutes=5)
"""By how much the clocks of two servers may differ."""


@dataclass(frozen=True, slots=True)
class ClaimedTimes:
    """Times at which a signature says that it was made, without proof.

    `own` is in what the signer signed; `others` are those of timestamps that may hold, which
    anybody can add.
    """

    own: datetime | None = None
    others: tuple[datetime, ...] = ()

    def deny(self, certificate: Certificate) -> bool:
        """Return whether no claimed time lies in the validity of the certificate."""
        if self.own is None:
            return False
        return not any(
            certificate.not_before <= moment <= certificate.not_after
            for moment in (self.own, *self.others)
        )


@dataclass(frozen=True, slots=True)
class Occasion:
    """The moment as of which certificates are judged.

    `at` is the decisive time. `known` is when what was signed is known to have existed: algorithms
    count as of then. The two differ for a timestamp: its own time is decisive for the certificate
    of its authority, but it is that authority's word, and who can forge its signature today writes
    into it anything. So for the algorithms that it stands on counts when it is known to exist.

    `claimed` is there if a signature is judged, which was made at `at` or before; None if it is the
    certificate itself, at that very moment. `now` is when it is verified, by the clock of the
    caller, if that is told.
    """

    at: datetime
    known: datetime
    claimed: ClaimedTimes | None = None
    now: datetime | None = None

    @classmethod
    def of(cls, at: "datetime | Occasion") -> "Occasion":
        """Return the occasion of a moment that is certain, or the one that is given, in UTC.

        Raises ValueError if a moment has no time zone.
        """
        if isinstance(at, Occasion):
            now = _in_utc(at.now) if at.now else None
            return cls(_in_utc(at.at), _in_utc(at.known), at.claimed, now)
        moment = _in_utc(at)
        return cls(moment, moment)


def is_future(moment: datetime | None, now: datetime | None) -> bool:
    """Return whether a moment has not come yet, clocks that differ by minutes allowed for."""
    return moment is not None and now is not None and moment - now > TOLERANCE


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time without its time zone is no moment")
    return moment.astimezone(UTC)
