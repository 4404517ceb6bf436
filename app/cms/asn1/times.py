"""UTCTime and GeneralizedTime, in DER and in all other forms (X.680 sections 46, 47)."""

import re
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

from app.cms.asn1.tags import GENERALIZED_TIME, UTC_TIME

# DER form of a time (RFC 5280 section 4.1.2.5); tokens may add a fraction of a second.
_DER_UTC_TIME = re.compile(rb"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z")
_DER_GENERALIZED_TIME = re.compile(rb"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,9}))?Z")
# In a GeneralizedTime minutes, seconds and zone may be missing.
_ZONE = rb"(?:Z|(?P<sign>[-+])(?P<hours>\d\d)(?P<minutes>\d\d)"
_FORMS = {
    UTC_TIME: re.compile(
        rb"(?P<year>\d\d)(\d\d)(\d\d)(\d\d)(?P<minute>\d\d)(?P<second>\d\d)?(?P<fraction>)"
        + _ZONE
        + rb")$"
    ),
    GENERALIZED_TIME: re.compile(
        rb"(?P<year>\d{4})(\d\d)(\d\d)(\d\d)(?:(?P<minute>\d\d)(?P<second>\d\d)?)?"
        rb"(?:[,.](?P<fraction>\d+))?" + _ZONE + rb"?)?$"
    ),
}


def read_time(tag: int, contents: bytes) -> datetime:
    """Read a time in its DER form, in UTC. Raises ValueError."""
    is_short = tag == UTC_TIME
    if not is_short and tag != GENERALIZED_TIME:
        raise ValueError("not a time")
    match = (_DER_UTC_TIME if is_short else _DER_GENERALIZED_TIME).fullmatch(contents)
    if not match:
        raise ValueError("not a time")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    if is_short:
        year += 1900 if year >= 50 else 2000
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    whole = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    fraction = (match[7] or b"0")[:6].ljust(6, b"0")
    return whole + timedelta(microseconds=int(fraction))


def read_any_time(tag: int, contents: bytes) -> datetime:
    """Read a time in any form that X.680 allows, in UTC; one without a zone is taken as UTC.

    A time outside the years that Python supports becomes the nearest supported one. Raises
    ValueError.
    """
    form = _FORMS.get(tag)
    match = form.match(contents) if form else None
    if match is None:
        raise ValueError("not a time")
    year = int(match["year"])
    if tag == UTC_TIME:
        year += 2000 if year < 50 else 1900
    month, day, hour, minute, second = (int(part or 0) for part in match.groups()[1:6])
    moment = datetime(year or 2000, month, day, hour, minute, second, tzinfo=_zone(match))
    if not year:  # Python does not support such a year.
        return datetime.min.replace(tzinfo=UTC)
    try:
        return (moment + _fraction(match)).astimezone(UTC)
    except OverflowError:
        return moment.replace(tzinfo=UTC)


def _zone(match: re.Match[bytes]) -> timezone:
    """Return the zone that a time is in. Raises ValueError."""
    if not match["sign"]:
        return UTC
    offset = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"] or 0))
    return timezone(offset if match["sign"] == b"+" else -offset)


def _fraction(match: re.Match[bytes]) -> timedelta:
    """Return the fraction, of the smallest unit that is present. Raises ValueError."""
    digits = match["fraction"]
    if not digits:
        return timedelta()
    unit = 1 if match["second"] else 60 if match["minute"] else 3600
    exact = Fraction(int(digits), 10 ** len(digits)) * unit * 1_000_000
    return timedelta(microseconds=int(exact.limit_denominator(1)))
