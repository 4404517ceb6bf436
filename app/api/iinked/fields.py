"""marshmallow fields of this family, whose errors have codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from marshmallow import fields

from app.api.iinked.errors import InvalidSignBy, NameLength
from app.api.params.fields import Moment, Text
from app.api.params.schemas import FieldsSchema
from app.api.params.unread import note_inside
from app.api.params.values import as_list
from app.cms import ROLES
from app.services.errors import ParameterError

#: Bytes of the JSON that a package keeps for its client.
MAX_EXTERNAL_DATA = 65_536
#: The roles that certificates claim, as `app.cms.x509.nca_profile` writes them.
ROLE_NAMES = tuple(dict.fromkeys(ROLES.values()))


class PackageName(Text):
    """The name of a package."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kw: Any
    ) -> str | None:
        if isinstance(value, str) and self.limit is not None and len(value.strip()) > self.limit:
            raise NameLength(
                '"{field}" parameter must be at most {limit} characters long',
                field=attr,
                limit=self.limit,
            )
        return super()._deserialize(value, attr, data, **kw)


class OneOf(fields.Field[str | None]):
    """One of a few words, case-sensitive; any other is refused with a code."""

    def __init__(self, refusal: type[ParameterError], *choices: str) -> None:
        super().__init__(load_default=None, allow_none=True)
        self.refusal = refusal
        self.choices = choices

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kw: Any
    ) -> str | None:
        return None if value == "" else self.check(value, str(attr))

    def check(self, value: Any, name: str) -> str:
        """Return the word. Raises the error given to the field if it is not one of the choices."""
        if value not in self.choices:
            raise self.refusal(
                '"{field}" parameter must be one of {choices}',
                field=name,
                choices=", ".join(self.choices),
            )
        return str(value)


class SomeOf(OneOf):
    """Some of a few words, each once. A single one is a list of one."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kw: Any
    ) -> Any:
        if value in ("", [""]):  # An empty form field.
            return ()
        given = as_list(value)
        items = given if isinstance(given, list) else [given]
        return tuple(dict.fromkeys(self.check(item, str(attr)) for item in items))


class SignBy(Moment):
    """The time until which a package can be signed."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kw: Any
    ) -> Any:
        try:
            return super()._deserialize(value, attr, data, **kw)
        except ParameterError as error:
            raise InvalidSignBy(error.template, **error.values) from error


class Role(Text):
    """A role as certificates claim it, in any letter case."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kw: Any
    ) -> str | None:
        role = (super()._deserialize(value, attr, data, **kw) or "").upper()
        if role and role not in ROLE_NAMES:
            raise ParameterError(
                '"{field}" parameter must be one of {choices}',
                field=attr,
                choices=", ".join(ROLE_NAMES),
            )
        return role or None


class JsonObject(fields.Field[dict[str, Any]]):
    """A JSON object that is stored unchanged, within limits of size and depth."""

    def __init__(self, **options: Any) -> None:
        super().__init__(load_default=None, allow_none=True, **options)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kw: Any
    ) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ParameterError('"{field}" parameter must be an object', field=attr)
        try:
            size = len(orjson.dumps(value))
        except TypeError as error:  # A lone surrogate, an integer of 65 bits, 255 levels.
            raise ParameterError(
                '"{field}" parameter is JSON that can\'t be stored unchanged', field=attr
            ) from error
        if size > MAX_EXTERNAL_DATA:
            raise ParameterError(
                '"{field}" parameter must be at most {limit} bytes of JSON',
                field=attr,
                limit=MAX_EXTERNAL_DATA,
            )
        return value


class Items(fields.Field[tuple[Any, ...]]):
    """A list of objects, each read by a schema; errors name the item, counted from 0."""

    def __init__(self, schema: FieldsSchema, *, limit: int, **options: Any) -> None:
        super().__init__(load_default=(), allow_none=True, **options)
        self.schema = schema
        self.limit = limit

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kw: Any
    ) -> tuple[Any, ...]:
        items = as_list(value)
        if not isinstance(items, list):
            raise ParameterError('"{field}" parameter must be a list', field=attr)
        if len(items) > self.limit:
            raise ParameterError(
                '"{field}" parameter must have at most {limit} items', field=attr, limit=self.limit
            )
        return tuple(self._item(item, f"{attr}[{place}]") for place, item in enumerate(items))

    def _item(self, item: Any, place: str) -> Any:
        if not isinstance(item, dict):
            raise ParameterError('"{field}" parameter must be an object', field=place)
        note_inside(f"{place}.", item, self.schema.known)
        try:
            return self.schema.load(item)
        except ParameterError as error:
            raise error.inside(place) from error
