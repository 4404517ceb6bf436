"""Validity of certificates (RFC 5280 section 4.1.2.5), in all forms that X.680 has for times.

Section 4.1.2.5 allows one of them; old certificates have others.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

from app.cms.asn1.node import Node
from app.cms.asn1.tags import GENERALIZED_TIME, UTC_TIME

# X.680 sections 46 and 47: of a GeneralizedTime, minutes, seconds and zone may be missing.
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


def read_validity(validity: Node) -> tuple[datetime, datetime]:
    """Read the first and the last moment of a Validity, in UTC. Raises ValueError.

    What lies outside of the years that Python has is drawn to their edges.
    """
    not_before, not_after = validity.elements(2)[:2]
    return _read_time(not_before), _read_time(not_after)


def _read_time(node: Node) -> datetime:
    """Read a Time. One without a zone is in UTC. Raises ValueError."""
    form = _FORMS.get(node.tag)
    match = form.match(node.contents) if form else None
    if match is None:
        raise ValueError("not a time")
    year = int(match["year"])
    if node.tag == UTC_TIME:
        year += 2000 if year < 50 else 1900
    month, day, hour, minute, second = (int(part or 0) for part in match.groups()[1:6])
    moment = datetime(year or 2000, month, day, hour, minute, second, tzinfo=_zone(match))
    if not year:  # Python has no such year.
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
    """Return the fraction, of the smallest unit that is there. Raises ValueError."""
    digits = match["fraction"]
    if not digits:
        return timedelta()
    unit = 1 if match["second"] else 60 if match["minute"] else 3600
    exact = Fraction(int(digits), 10 ** len(digits)) * unit * 1_000_000
    return timedelta(microseconds=int(exact.limit_denominator(1)))
