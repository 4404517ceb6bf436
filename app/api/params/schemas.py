"""The common base of the schemas of all families: fields are read one by one."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import ClassVar

from flask import current_app
from marshmallow import EXCLUDE, Schema

from app.api.datetimes import read_local
from app.api.params.values import refuse_moment


class FieldsSchema(Schema):
    """Base of the schemas: unknown names are ignored.

    Fields raise `ParameterError`, which ends a load: an answer has room for one sentence. Each
    schema builds its frozen value in a function marked `post_load`.
    """

    class Meta:
        """Options of marshmallow."""

        unknown = EXCLUDE

    #: Names of required parameters, in the order in which they are checked.
    REQUIRED: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        super().__init__()
        #: All known names.
        self.known = frozenset(field.data_key or name for name, field in self.load_fields.items())


def aware(moment: datetime | date | None, name: str, *, is_end: bool = False) -> datetime | None:
    """Convert a time to UTC: one without an offset is in the zone of the settings.

    Args:
        moment: the field's value.
        name: of the parameter.
        is_end: whether it ends a period. A day then counts to its end, and a local time that
            occurs twice is the second one.

    Raises:
        ParameterError: UTC has no such day, at the end of the calendar.
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
