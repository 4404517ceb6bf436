"""Days of a form, as moments in the zone of the settings."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from flask import current_app


def start_of(day: date) -> datetime:
    """Return the first moment of a day."""
    local = datetime.combine(day, time.min, tzinfo=current_app.config["TIMEZONE"])
    return local.astimezone(UTC)


def end_of(day: date) -> datetime:
    """Return the last moment of a day, to the microsecond."""
    return start_of(day + timedelta(days=1)) - timedelta(microseconds=1)


def read_day(text: str) -> date | None:
    """Return the day that a form names, None if it is none or out of reach."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 <= day.year <= 9000 else None
