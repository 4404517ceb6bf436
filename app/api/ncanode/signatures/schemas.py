"""The parameters of each request. A schema's `read` returns one of the frozen values below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, get_args

from marshmallow import post_load

from app.api.ncanode.parameters import ParametersSchema, require_thread
from app.api.ncanode.signatures.fields import Count, CountMode, CursorText
from app.api.params.fields import (
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
from app.api.params.schemas import aware
from app.api.params.values import is_blank
from app.extensions import current_trusted
from app.services.errors import ParameterError
from app.store.search.criteria import Criteria, EvidenceFilter
from app.store.search.picking import OrderField, Picking
from app.store.signatures.listing import Cursor, Page
from app.store.signatures.rows import Carried

#: The values of `with`.
WITH = ("signers", "saver", "public_id", "evidence", "content")


@dataclass(frozen=True, slots=True)
class ThreadRequest:
    """DELETE /signature."""

    #: One or both are empty if the id names the thread.
    document: str
    thread: str
    #: None if document and thread name it.
    id: int | None


@dataclass(frozen=True, slots=True)
class GetRequest(ThreadRequest):
    """GET /signature."""

    version: int | None
    #: Required number of the version, None for any.
    stage: str | None
    carried: Carried


@dataclass(frozen=True, slots=True)
class VersionsRequest:
    """GET /signature/versions."""

    document: str
    thread: str
    carried: Carried
    #: Whether each version has the changes of its signers.
    diff: bool


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """GET /signatures."""

    page: Page
    #: False: not; True: all; "bounded": up to BOUND.
    count: CountMode


class ThreadSchema(ParametersSchema):
    """DELETE /signature."""

    REQUIRED: ClassVar = ("document", "thread")

    document = Text()
    thread = Text()
    id = Integer(low=0, load_default=None)

    def known_beside(self, given: Mapping[str, Any]) -> frozenset[str]:
        """Omit the id if document and thread are given, since it is then ignored."""
        values = (given.get("document"), given.get("thread"))
        half = any(value is None or is_blank(value) for value in values)
        return self.known if half else self.known - {"id"}

    @post_load
    def build(self, data: dict[str, Any], **_options: object) -> Any:
        """Return the request."""
        return ThreadRequest(**_named(data))


class GetSchema(ThreadSchema):
    """GET /signature."""

    LISTS: ClassVar[tuple[str, ...]] = ("with",)

    version = VersionNumber(load_default=None, allow_none=True)
    stage = Text(strip=False)
    without = Choice("cms", load_default=None)
    with_ = Choices(*WITH, data_key="with")

    @post_load
    def build(self, data: dict[str, Any], **_options: object) -> GetRequest:
        """Return the request."""
        return GetRequest(
            **_named(data),
            version=data["version"],
            stage=data["stage"] or None,
            carried=_carried(data),
        )


def _named(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the name of a thread. Raises ParameterError if there is none."""
    if data["id"] is None:
        require_thread(data)
    return {
        "document": data["document"] or "",
        "thread": data["thread"] or "",
        "id": data["id"],
    }


class VersionsSchema(ParametersSchema):
    """GET /signature/versions."""

    REQUIRED: ClassVar = ("document", "thread")
    LISTS: ClassVar[tuple[str, ...]] = ("with",)

    document = Text()
    thread = Text()
    without = Choice("cms", load_default=None)
    with_ = Choices(*WITH, data_key="with")
    diff = Flag(load_default=False)

    @post_load
    def build(self, data: dict[str, Any], **_options: object) -> VersionsRequest:
        """Return the request."""
        require_thread(data)
        return VersionsRequest(data["document"], data["thread"], _carried(data), bool(data["diff"]))


class SearchSchema(ParametersSchema):
    """GET /signatures."""

    LISTS: ClassVar[tuple[str, ...]] = ("tags", "tag", "with")

    document = Text()
    thread = Text()
    stage = Text(strip=False)
    tags = Tags(wanted=True)
    tags_mode = Choice("any", "all", load_default="any")
    limit = Integer(low=0, load_default=0)
    offset = Integer(low=0, load_default=0)
    cursor = CursorText()
    count = Count(load_default=False)
    without = Choice("cms", load_default=None)
    with_ = Choices(*WITH, data_key="with")
    iin = Digits(12)
    bin = Digits(12)
    signer = Text()
    sha256 = Digits(64, hexadecimal=True)
    signed_from = Moment(load_default=None, allow_none=True)
    signed_to = Moment(load_default=None, allow_none=True)
    evidence = Choice(*get_args(EvidenceFilter), load_default=None)
    id = Integer(low=0, load_default=None)
    id_lt = Integer(low=0, load_default=None)
    id_le = Integer(low=0, load_default=None)
    id_gt = Integer(low=0, load_default=None)
    id_ge = Integer(low=0, load_default=None)
    search = Text()
    order_field = Choice(*get_args(OrderField), load_default=None)
    order_direction = Choice("asc", "desc", any_case=True, load_default=None)

    @post_load
    def build(self, data: dict[str, Any], **_options: object) -> SearchRequest:
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
            signed_to=aware(data["signed_to"], "signed_to", is_end=True),
            evidence=data["evidence"],
            picking=_picking(data),
        )
        page = Page(
            criteria, data["limit"] or 0, data["offset"] or 0, _carried(data), _cursor(data)
        )
        return SearchRequest(page, data["count"] or False)


def _cursor(data: dict[str, Any]) -> Cursor | None:
    """Return where the page begins, None if that isn't said by a cursor.

    Raises:
        ParameterError: another parameter says so, too, or the list doesn't come newest first.
    """
    if data["cursor"] is None:
        return None
    is_ordered = (data["order_field"] or "id") not in ("id", "created_at")
    others = {
        "offset": data["offset"],
        "order_field": is_ordered,
        "order_direction": data["order_direction"] == "asc",
    }
    for name, is_given in others.items():
        if is_given:
            raise ParameterError(
                '"{field}" parameter can\'t be used with "{other}"', field="cursor", other=name
            )
    return Cursor(data["cursor"])


def _picking(data: dict[str, Any]) -> Picking | None:
    """Return the selection of threads, None for all, newest first."""
    picking = Picking(
        **{name: data[name] for name in ("id", "id_lt", "id_le", "id_gt", "id_ge")},
        search=data["search"] or None,
        order=data["order_field"] or "id",
        ascending=data["order_direction"] == "asc",
    )
    return None if picking == Picking() else picking


def _carried(data: dict[str, Any]) -> Carried:
    with_ = data["with_"] or ()
    more = {name: name in with_ for name in WITH}
    trusted = current_trusted() if more["signers"] else None
    return Carried(cms=data["without"] is None, trusted=trusted, **more)
