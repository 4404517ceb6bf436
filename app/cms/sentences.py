"""Sentences: English templates in `str.format` notation, and the values that go into them.

They stay apart until they are shown, perhaps in another language (`app.wording`), and with times in
another zone: so a value that is a time is a datetime, not text.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Protocol

#: A value with the name that a sentence begins with in place of `cms`, in any language.
PARAMETER = "parameter"
_USUAL_NAME = "cms: "


class Sentence(Protocol):
    """Anything with a template and its values: a Reason, and each error that is shown."""

    @property
    def template(self) -> str:
        """An English sentence, in `str.format` notation."""

    @property
    def values(self) -> Mapping[str, object]:
        """The values that fill it."""


def fill(template: str, values: Mapping[str, object], zone: tzinfo = UTC) -> str:
    """Return a sentence with its values in it, times as in `write_time`."""
    text = template.format(
        **{
            name: write_time(value, zone) if isinstance(value, datetime) else value
            for name, value in values.items()
        }
    )
    if PARAMETER not in values or not template.startswith(_USUAL_NAME):
        return text
    bare = text.removeprefix(_USUAL_NAME)
    return f"{values[PARAMETER]}: {bare}" if values[PARAMETER] else bare


def write_time(moment: datetime, zone: tzinfo = UTC) -> str:
    """Write a time for people, to the second, with the name of the zone."""
    try:
        local = moment.astimezone(zone)
    except OverflowError:
        # 9999-12-31 23:59:59 UTC, by which a certificate says that it never expires (RFC 5280
        # section 4.1.2.5), is beyond the last datetime east of Greenwich.
        local = moment.astimezone(UTC)
    return f"{local.isoformat(' ', 'seconds')[:19]} {local.tzname()}"
