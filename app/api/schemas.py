"""What the schemas of all families have in common: fields that are read one by one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any, ClassVar

from flask import current_app
from marshmallow import Schema, missing

from app.api.moments import read_local
from app.api.values import refuse_moment


class FieldsSchema(Schema):
    """Base of the schemas: what no field is named for is ignored."""

    #: Names of what must be set, in the order in which `build` looks at them.
    DEMANDED: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        super().__init__()
        #: Names of all that is read.
        self.known = frozenset(field.data_key or name for name, field in self.load_fields.items())
        self._keyed_fields = [
            (name, field.data_key or name, field) for name, field in self.load_fields.items()
        ]
        #: What fields give that are absent, as most are. Those that must be there have nothing.
        self._absent = {
            name: field.load_default
            for name, field in self.load_fields.items()
            if field.load_default is not missing and not callable(field.load_default)
        }

    def of(self, given: Mapping[str, Any], place: str = "") -> Any:
        """Read what was given, field by field.

        `Schema.load` would collect errors, where the first one is the answer, and takes twice the
        time.

        Args:
            given: the values by their names.
            place: where they stand, as errors name it before the field's name.

        Raises:
            ParameterError: a value is missing or can't be used.
        """
        data = self._absent.copy()
        for name, key, field in self._keyed_fields:
            if key in given or name not in data:
                data[name] = field.deserialize(given.get(key, missing), place + key, given)
        return self.build(data)

    def build(self, data: dict[str, Any]) -> Any:
        """Make the value of what the fields gave.

        Raises:
            ParameterError: a parameter that must be set is not.
        """
        return data


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
