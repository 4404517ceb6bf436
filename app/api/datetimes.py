"""How moments are read from local time, and written by families that tell milliseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

_STEP = timedelta(microseconds=1)


def write_moment(moment: datetime) -> str:
    """Write a moment as ISO 8601, in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_local(local: datetime, zone: tzinfo, *, last: bool) -> datetime:
    """Return the moment, in UTC, at which the clocks of a zone show a time.

    Where they were set back they show it twice: `last` chooses the second one. Where they were set
    forward they pass over it: then it is the moment at which they were set, with `last` the one
    before it, so that spans hold all that was shown between their ends.

    Raises:
        OverflowError: UTC has no such day.
    """
    # PEP 495: fold 0 counts with the offset before a change of the clock, fold 1 with that after.
    before, after = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if before <= after:
        return after if last else before
    low, high = after, before
    offset = low.astimezone(zone).utcoffset()
    while high - low > _STEP:
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return low if last else high
