"""Times as NCANode writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def write_moment(moment: datetime) -> str:
    """Return a time as ISO 8601, in UTC, to the millisecond, with the offset `+00:00`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
