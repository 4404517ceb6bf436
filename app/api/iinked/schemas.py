"""The parameters of each request. A schema's `read` returns one of the frozen values below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, ClassVar, get_args

from flask import Request
from marshmallow import post_load

from app.api.iinked.contents import Base64Bytes, read_contents
from app.api.iinked.errors import (
    InvalidSignBy,
    InvalidState,
    InvalidType,
    NameLength,
    NoDocuments,
    NoSigners,
)
from app.api.iinked.fields import Items, JsonObject, OneOf, PackageName, Role, SignBy, SomeOf
from app.api.iinked.threads import check_thread
from app.api.params.fields import Choice, Digits, Flag, Integer, MediaType, Text
from app.api.params.merging import read_parameters
from app.api.params.schemas import FieldsSchema, aware
from app.api.params.unread import note
from app.api.params.values import MAX_TEXT
from app.services.errors import ParameterError
from app.store.contents.values import NewContent
from app.store.packages.listing import ORDERS, PackageCriteria, PackagePage
from app.store.packages.states import State
from app.store.packages.writing import NewDocument, NewPackage, NewSigner

#: Limits of one package, so that its status takes at most 50 ms.
MAX_DOCUMENTS, MAX_SIGNERS = 200, 50
#: Packages of one page at most, and by default.
MAX_TAKE, USUAL_TAKE = 100, 20
#: Characters of the reason for rescinding a package.
MAX_MESSAGE = 2_000

#: The family's names for the order of signing. The types for video and live meetings are not
#: supported.
TYPES = ("concurrent", "Sequential", "Counterpart")
_MAX_ORDER = 2**31 - 1


@dataclass(frozen=True, slots=True)
class AddRequest:
    """POST /packages/add."""

    new: NewPackage
    #: Documents to be kept, each with its number in the package, in the order of their SHA-256.
    contents: tuple[tuple[int, NewContent], ...]


@dataclass(frozen=True, slots=True)
class PackageRequest:
    """POST /packages/send, /packages/rescind, /packages/delete."""

    public_id: str
    message: str | None


@dataclass(frozen=True, slots=True)
class ListRequest:
    """POST /packages/list."""

    criteria: PackageCriteria
    page: PackagePage


class RequestSchema(FieldsSchema):
    """Base of the request schemas."""

    #: Parameters that may be given several times.
    LISTS: ClassVar[tuple[str, ...]] = ()

    def read(self, request: Request) -> Any:
        """Read a request, or Flask's proxy of it.

        Raises:
            ParameterError: a parameter is missing or can't be used.
        """
        given = read_parameters(request, aliases={}, lists=self.LISTS, fractions=True)
        note(given, self.known)
        return self.load(given)


class DocumentSchema(FieldsSchema):
    """One item of `documents`."""

    REQUIRED: ClassVar = ("externalId",)

    external_id = Text(data_key="externalId")
    name = Text()
    file_name = Text(data_key="fileName")
    sha256 = Digits(64, hexadecimal=True)
    content = Base64Bytes()
    media_type = MediaType(data_key="mediaType")
    order = Integer(low=0, high=_MAX_ORDER, load_default=None)

    @post_load
    def check(self, data: dict[str, Any], **_options: object) -> dict[str, Any]:
        """Require its name. Raises ParameterError."""
        if not data["external_id"]:
            raise ParameterError('"{field}" parameter must be set', field="externalId")
        return data


class SignerSchema(FieldsSchema):
    """One item of `signers`."""

    first_name = Text(data_key="firstName")
    last_name = Text(data_key="lastName")
    email = Text()
    mobile_number = Text(data_key="mobileNumber")
    order = Integer(low=0, high=_MAX_ORDER, load_default=None)
    iin = Digits(12)
    bin = Digits(12)
    role = Role()

    @post_load
    def check(self, data: dict[str, Any], **_options: object) -> dict[str, Any]:
        """Require a number, which identifies the signer. Raises ParameterError."""
        if not data["iin"] and not data["bin"]:
            raise ParameterError('"{field}" parameter must have "iin" or "bin"', field="")
        return data


class AddSchema(RequestSchema):
    """POST /packages/add."""

    REQUIRED: ClassVar = ("name", "type", "documents", "signers")

    name = PackageName()
    type = OneOf(InvalidType, *TYPES)
    state = OneOf(InvalidState, "draft", "open")
    sign_by = SignBy(load_default=None, allow_none=True, data_key="timeSignBy")
    external_data = JsonObject(data_key="externalData")
    thread = Text()
    generate_links = Flag(load_default=False, data_key="generateSignerLinks")
    documents = Items(DocumentSchema(), limit=MAX_DOCUMENTS)
    signers = Items(SignerSchema(), limit=MAX_SIGNERS)

    @post_load
    def build(self, data: dict[str, Any], **_options: object) -> AddRequest:
        """Return the package to be added, and its documents."""
        if not data["name"]:
            raise NameLength('"{field}" parameter must be set', field="name")
        if not data["type"]:
            raise InvalidType('"{field}" parameter must be set', field="type")
        if not data["documents"]:
            raise NoDocuments('"{field}" parameter must be set', field="documents")
        check_thread(data["thread"], data["documents"])
        if not data["signers"]:
            raise NoSigners('"{field}" parameter must be set', field="signers")
        contents = read_contents(data["documents"])
        new = NewPackage(
            name=data["name"],
            type=data["type"],
            thread=data["thread"] or None,
            external_data=data["external_data"],
            generate_links=bool(data["generate_links"]),
            sign_by=_sign_by(data["sign_by"]),
            opened=data["state"] == "open",
            documents=_documents(data["documents"]),
            signers=_signers(data["signers"]),
        )
        return AddRequest(new, contents)


def _sign_by(given: datetime | date | None) -> datetime | None:
    """Return the time until which a package can be signed: of a day, its end."""
    try:
        moment = aware(given, "timeSignBy", is_end=True)
    except ParameterError as error:
        raise InvalidSignBy(error.template, **error.values) from error
    if moment is not None and moment <= datetime.now(UTC):
        raise InvalidSignBy('"{field}" parameter must be in the future', field="timeSignBy")
    return moment


def _documents(items: tuple[dict[str, Any], ...]) -> tuple[NewDocument, ...]:
    seen: set[str] = set()
    for place, item in enumerate(items):
        if item["external_id"] in seen:
            raise ParameterError(
                '"{field}" parameter is already in the list',
                field=f"documents[{place}].externalId",
            )
        seen.add(item["external_id"])
    return tuple(
        NewDocument(
            document=item["external_id"],
            name=item["name"],
            file_name=item["file_name"],
            sha256=item["sha256"] and item["sha256"].lower(),
            order=_order(item, place),
        )
        for place, item in enumerate(items)
    )


def _signers(items: tuple[dict[str, Any], ...]) -> tuple[NewSigner, ...]:
    """Return the signers, each once: one signature would count for both of a pair."""
    seen: set[tuple[str | None, ...]] = set()
    for place, item in enumerate(items):
        demand = (item["iin"], item["bin"], item["role"])
        if demand in seen:
            raise ParameterError(
                '"{field}" parameter is already in the list', field=f"signers[{place}]"
            )
        seen.add(demand)
    return tuple(
        NewSigner(
            first_name=item["first_name"],
            last_name=item["last_name"],
            email=item["email"],
            mobile_number=item["mobile_number"],
            order=_order(item, place),
            iin=item["iin"],
            bin=item["bin"],
            role=item["role"],
        )
        for place, item in enumerate(items)
    )


def _order(item: Mapping[str, Any], place: int) -> int:
    """Return an item's order; by default its place in the list."""
    order: int | None = item["order"]
    return place if order is None else order


class PackageSchema(RequestSchema):
    """POST /packages/send, /packages/rescind, /packages/delete."""

    REQUIRED: ClassVar = ("packageId",)

    package_id = Text(data_key="packageId")
    message = Text(limit=MAX_MESSAGE, data_key="rescindMessage")

    @post_load
    def build(self, data: dict[str, Any], **_options: object) -> PackageRequest:
        """Return the request."""
        if not data["package_id"]:
            raise ParameterError('"{field}" parameter must be set', field="packageId")
        return PackageRequest(data["package_id"], data["message"] or None)


class ListSchema(RequestSchema):
    """POST /packages/list."""

    LISTS: ClassVar[tuple[str, ...]] = ("states", "types")

    states = SomeOf(InvalidState, *get_args(State))
    types = SomeOf(InvalidType, *TYPES)
    search = Text(limit=MAX_TEXT)
    executed = Flag(load_default=None, data_key="isExecuted")
    order = Choice(*ORDERS, *(f"-{name}" for name in ORDERS), load_default=None, data_key="sortBy")
    skip = Integer(low=0, load_default=0)
    take = Integer(low=1, high=MAX_TAKE, load_default=USUAL_TAKE)

    @post_load
    def build(self, data: dict[str, Any], **_options: object) -> ListRequest:
        """Return the request."""
        order = data["order"] or f"-{ORDERS[0]}"
        criteria = PackageCriteria(
            states=data["states"] or (),
            types=data["types"] or (),
            search=data["search"] or None,
            executed=data["executed"],
        )
        page = PackagePage(
            order=order.removeprefix("-"),
            descending=order.startswith("-"),
            limit=data["take"] or USUAL_TAKE,
            offset=data["skip"] or 0,
        )
        return ListRequest(criteria, page)
