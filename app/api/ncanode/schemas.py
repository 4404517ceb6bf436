"""What each request carries. A schema's `read` gives one of the frozen values below."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from typing import Any, ClassVar

from flask import Request

from app.api.fields import (
    Choice,
    Choices,
    Digits,
    Flag,
    Integer,
    Moment,
    Tags,
    Text,
    VersionNumber,
)
from app.api.parameters import ParameterError, read_parameters
from app.api.schemas import FieldsSchema, aware
from app.auth import caller_name
from app.extensions import current_trusted
from app.store.chains import NewVersion
from app.store.criteria import Criteria
from app.store.reading import Carried

#: The names of the API's older generation.
ALIASES = {"chain": "thread", "signature": "cms"}


@dataclass(frozen=True, slots=True)
class SaveRequest:
    """POST /signature."""

    new: NewVersion
    #: The version that the client saw, None if it says nothing.
    seen: int | None
    #: Base64 of the content of a detached signature, to be verified against; not kept.
    data: str | None


@dataclass(frozen=True, slots=True)
class ThreadRequest:
    """GET and DELETE /signature, GET /signature/versions."""

    document: str
    thread: str
    version: int | None
    carried: Carried
    #: Whether each version says what became of its signers.
    diff: bool


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """GET /signatures."""

    criteria: Criteria
    #: Rows at most; 0: all.
    limit: int
    offset: int
    count: bool
    carried: Carried


class ParametersSchema(FieldsSchema):
    """Base of the schemas: what the contract doesn't name is ignored."""

    #: Parameters that may be given several times.
    LISTS: ClassVar[tuple[str, ...]] = ("tags",)

    def read(self, request: Request) -> Any:
        """Read a request, itself or Flask's proxy of it.

        Raises:
            ParameterError: a parameter is missing or can't be used.
        """
        return self.of(read_parameters(request, aliases=ALIASES, lists=self.LISTS))


class SaveSchema(ParametersSchema):
    """POST /signature."""

    DEMANDED: ClassVar = ("document", "thread", "cms")

    document = Text()
    thread = Text()
    cms = Text(limit=None, strip=False)
    version = VersionNumber(load_default=None, allow_none=True)
    version_created_by = Text()
    version_comment = Text()
    tags = Tags()
    stage = Text(strip=False)
    data = Text(limit=None, strip=False)
    method = Text()

    def build(self, data: dict[str, Any]) -> SaveRequest:
        """Return the request."""
        for name in self.DEMANDED:
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
            saved_by=caller_name(),
            method=data["method"] or None,
        )
        return SaveRequest(new, data["version"], data["data"] or None)


class ThreadSchema(ParametersSchema):
    """GET and DELETE /signature, GET /signature/versions."""

    LISTS: ClassVar[tuple[str, ...]] = ("with",)
    DEMANDED: ClassVar = ("document", "thread")

    document = Text()
    thread = Text()
    version = VersionNumber(load_default=None, allow_none=True)
    without = Choice("cms", load_default=None)
    with_ = Choices("signers", "saver", "public_id", data_key="with")
    diff = Flag(load_default=False, allow_none=True)

    def build(self, data: dict[str, Any]) -> ThreadRequest:
        """Return the request."""
        if not data["document"] or not data["thread"]:
            raise ParameterError('"Thread" and "document" parameters must be set')
        return ThreadRequest(
            data["document"], data["thread"], data["version"], _carried(data), bool(data["diff"])
        )


class SearchSchema(ParametersSchema):
    """GET /signatures."""

    LISTS: ClassVar[tuple[str, ...]] = ("tags", "with")

    document = Text()
    thread = Text()
    stage = Text(strip=False)
    tags = Tags()
    tags_mode = Choice("any", "all", load_default="any")
    limit = Integer(low=0, load_default=0)
    offset = Integer(low=0, load_default=0)
    count = Flag(load_default=False, allow_none=True)
    without = Choice("cms", load_default=None)
    with_ = Choices("signers", "saver", "public_id", data_key="with")
    iin = Digits(12)
    bin = Digits(12)
    signer = Text()
    sha256 = Digits(64, hexadecimal=True)
    signed_from = Moment(load_default=None, allow_none=True)
    signed_to = Moment(load_default=None, allow_none=True)

    def build(self, data: dict[str, Any]) -> SearchRequest:
        """Return the request."""
        criteria = Criteria(
            document=data["document"] or None,
            thread=data["thread"] or None,
            stage=data["stage"] or None,
            tags=data["tags"] or (),
            tags_mode=data["tags_mode"] or "any",
            iin=data["iin"],
            bin=data["bin"],
            name=data["signer"] or None,
            sha256=data["sha256"],
            signed_from=aware(data["signed_from"], "signed_from"),
            signed_to=aware(data["signed_to"], "signed_to", time.max),
        )
        return SearchRequest(
            criteria,
            data["limit"] or 0,
            data["offset"] or 0,
            bool(data["count"]),
            _carried(data),
        )


def _carried(data: dict[str, Any]) -> Carried:
    with_ = data["with_"] or ()
    more = {name: name in with_ for name in ("signers", "saver", "public_id")}
    trusted = current_trusted() if more["signers"] else None
    return Carried(cms=data["without"] is None, trusted=trusted, **more)
