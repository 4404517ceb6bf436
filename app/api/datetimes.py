"""Conversion of local times, and the format of families with milliseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

_STEP = timedelta(microseconds=1)


def write_moment(moment: datetime) -> str:
    """Return a time as ISO 8601, in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_local(local: datetime, zone: tzinfo, *, last: bool) -> datetime:
    """Convert a local time of a zone to UTC.

    If clocks were set back the time occurs twice: `last` chooses the second one. If they were set
    forward the time does not occur: the result is the time of the change, with `last` the one just
    before it, so that a period contains all times between its ends.

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
