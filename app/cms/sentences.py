"""Sentences: English templates in `str.format` notation, and the values that go into them.

They stay apart until somebody reads them, who may want them in another language (`app.wording`),
and with the times in them in another zone: what a sentence is filled with is a moment, not a text.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Protocol


class Sentence(Protocol):
    """What carries its sentence and what fills it: a Reason, and each error that is told."""

    @property
    def template(self) -> str:
        """An English sentence, in `str.format` notation."""

    @property
    def values(self) -> Mapping[str, object]:
        """What fills it."""


def fill(template: str, values: Mapping[str, object], zone: tzinfo = UTC) -> str:
    """Return a sentence with its values in it, moments as in `write_time`."""
    return template.format(
        **{
            name: write_time(value, zone) if isinstance(value, datetime) else value
            for name, value in values.items()
        }
    )


def write_time(moment: datetime, zone: tzinfo = UTC) -> str:
    """Write a moment for people, to the second, in a zone that is named."""
    try:
        local = moment.astimezone(zone)
    except OverflowError:
        # 9999-12-31 23:59:59 UTC, by which a certificate says that it never expires (RFC 5280
        # section 4.1.2.5), is on no calendar east of Greenwich.
        local = moment.astimezone(UTC)
    return f"{local.isoformat(' ', 'seconds')[:19]} {local.tzname()}"
