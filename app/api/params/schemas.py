"""What the schemas of all families have in common: fields that are read one by one."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import ClassVar

from flask import current_app
from marshmallow import EXCLUDE, Schema

from app.api.datetimes import read_local
from app.api.params.values import refuse_moment


class FieldsSchema(Schema):
    """Base of the schemas: what no field is named for is ignored.

    Fields raise `ParameterError`, which ends a load: an answer has room for one sentence. Each
    schema makes its frozen value in a function marked `post_load`.
    """

    class Meta:
        """What marshmallow is told."""

        unknown = EXCLUDE

    #: Names of what must be set, in the order in which it is looked at.
    DEMANDED: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        super().__init__()
        #: Names of all that is read.
        self.known = frozenset(field.data_key or name for name, field in self.load_fields.items())


def aware(moment: datetime | date | None, name: str, *, is_end: bool = False) -> datetime | None:
    """Return a moment in UTC: one without an offset is of the setting's zone.

    Args:
        moment: as the field gave it.
        name: of the parameter.
        is_end: whether it ends a span of time. A day then counts up to its last moment, and a time
            that the zone's clocks showed twice is the second one.

    Raises:
        ParameterError: it is so near to the calendar's end that UTC has no such day.
    """
    if moment is None:
        return None
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time.max if is_end else time.min)
    try:
        if moment.tzinfo:
            return moment.astimezone(UTC)
        return read_local(moment, current_app.config["TIMEZONE"], last=is_end)
    except OverflowError as error:
        refuse_moment(name, error)
