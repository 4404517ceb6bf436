"""What each request carries. A schema's `read` gives one of the frozen values below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from flask import Request
from marshmallow import Schema, missing

from app.api.fields import Choice, Flag, Integer, Tags, Text, VersionNumber
from app.api.parameters import ParameterError, read_parameters
from app.store.chains import NewVersion
from app.store.reading import Criteria

#: The names of the API's older generation.
ALIASES = {"chain": "thread", "signature": "cms"}


@dataclass(frozen=True, slots=True)
class SaveRequest:
    """POST /signature."""

    new: NewVersion
    #: The version that the client saw, None if it says nothing.
    seen: int | None


@dataclass(frozen=True, slots=True)
class ThreadRequest:
    """GET and DELETE /signature, GET /signature/versions."""

    document: str
    thread: str
    version: int | None
    with_cms: bool


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """GET /signatures."""

    criteria: Criteria
    #: Rows at most; 0: all.
    limit: int
    offset: int
    count: bool
    with_cms: bool


class ParametersSchema(Schema):
    """Base of the schemas: what the contract doesn't name is ignored."""

    def read(self, request: Request) -> Any:
        """Read a request, itself or Flask's proxy of it.

        The fields are asked one by one: `Schema.load` would collect errors, where the first one
        is the answer, and takes twice the time.

        Raises:
            ParameterError: a parameter is missing or can't be used.
        """
        given = read_parameters(request, aliases=ALIASES, lists=("tags",))
        return self.build(
            {
                name: field.deserialize(given.get(name, missing), name, given)
                for name, field in self.load_fields.items()
            }
        )

    def build(self, data: dict[str, Any]) -> Any:
        """Make the value of what the fields gave.

        Raises:
            ParameterError: a parameter that must be set is not.
        """
        return data


class SaveSchema(ParametersSchema):
    """POST /signature."""

    REQUIRED: ClassVar = ("document", "thread", "cms")

    document = Text()
    thread = Text()
    cms = Text(limit=None, strip=False)
    version = VersionNumber(load_default=None, allow_none=True)
    version_created_by = Text()
    version_comment = Text()
    tags = Tags()
    stage = Text(strip=False)

    def build(self, data: dict[str, Any]) -> SaveRequest:
        """Give the request."""
        for name in self.REQUIRED:
            if not data[name]:
                raise ParameterError('"{field}" parameter must be set', field=name)
        new = NewVersion(
            document=data["document"],
            thread=data["thread"],
            cms=data["cms"],
            stage=data["stage"] or None,
            created_by=data["version_created_by"] or None,
            comment=data["version_comment"] or None,
            tags=data["tags"] or (),
        )
        return SaveRequest(new, data["version"])


class ThreadSchema(ParametersSchema):
    """GET and DELETE /signature, GET /signature/versions."""

    document = Text()
    thread = Text()
    version = VersionNumber(load_default=None, allow_none=True)
    without = Choice("cms", load_default=None)

    def build(self, data: dict[str, Any]) -> ThreadRequest:
        """Give the request."""
        if not data["document"] or not data["thread"]:
            raise ParameterError('"Thread" and "document" parameters must be set')
        return ThreadRequest(
            data["document"], data["thread"], data["version"], data["without"] is None
        )


class SearchSchema(ParametersSchema):
    """GET /signatures."""

    document = Text()
    thread = Text()
    stage = Text(strip=False)
    tags = Tags()
    tags_mode = Choice("any", "all", load_default="any")
    limit = Integer(low=0, load_default=0)
    offset = Integer(low=0, load_default=0)
    count = Flag(load_default=False, allow_none=True)
    without = Choice("cms", load_default=None)

    def build(self, data: dict[str, Any]) -> SearchRequest:
        """Give the request."""
        criteria = Criteria(
            document=data["document"] or None,
            thread=data["thread"] or None,
            stage=data["stage"] or None,
            tags=data["tags"] or (),
            tags_mode=data["tags_mode"] or "any",
        )
        return SearchRequest(
            criteria,
            data["limit"] or 0,
            data["offset"] or 0,
            bool(data["count"]),
            data["without"] is None,
        )
