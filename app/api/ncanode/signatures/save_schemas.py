"""The parameters of saves: of one, and of each line of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from flask import current_app
from marshmallow import post_load

from app.api.ncanode.files import Content, SignatureText
from app.api.ncanode.parameters import ParametersSchema
from app.api.ncanode.signatures.documents import Brought, bring
from app.api.params.fields import (
    Choice,
    MediaType,
    Tags,
    Text,
    VersionNumber,
)
from app.api.params.values import is_blank
from app.auth import caller_name
from app.services.errors import ParameterError
from app.services.idempotency import MAX_KEY, SentKey
from app.services.spooled import Spooling
from app.store.signatures.writing import NewVersion


@dataclass(frozen=True, slots=True)
class SaveRequest:
    """POST /signature."""

    new: NewVersion
    #: The version that the client saw, None if not given.
    seen: int | None
    #: The content of the signature, for verification, and to be kept with KEEP_CONTENT.
    brought: Brought
    #: Whether the answer omits the signature.
    without_cms: bool


@dataclass(frozen=True, slots=True)
class SaveItem:
    """One save of POST /signature/batch, and its key, if it has one."""

    save: SaveRequest
    key: SentKey | None


class SaveSchema(ParametersSchema):
    """POST /signature."""

    REQUIRED: ClassVar = ("document", "thread", "cms")
    FILE: ClassVar[str | None] = "cms"
    READS_KEY: ClassVar[bool] = True

    document = Text()
    thread = Text()
    cms = SignatureText()
    version = VersionNumber(load_default=None, allow_none=True)
    version_created_by = Text()
    version_comment = Text()
    tags = Tags()
    stage = Text(strip=False)
    data = Content()
    data_name = Text()
    data_type = MediaType()
    method = Text()
    without = Choice("cms", load_default=None)

    def spooling(self) -> Spooling | None:
        """Return that the document may be larger than memory, where it is kept."""
        config = current_app.config
        if not config["KEEP_CONTENT"]:
            return None
        limit, rest = config["MAX_CONTENT"], config["MAX_CONTENT_LENGTH"]
        return Spooling(frozenset({"data"}), limit, rest)

    def known_beside(self, given: Mapping[str, Any]) -> frozenset[str]:
        """Omit what is said about a document where it isn't kept."""
        del given
        about = () if current_app.config["KEEP_CONTENT"] else ("data_name", "data_type")
        return self.known.difference(about)

    @post_load
    def build(self, data: dict[str, Any], **_options: object) -> Any:
        """Return the request."""
        return self.build_save(data)

    def build_save(self, data: dict[str, Any]) -> SaveRequest:
        """Return the save. Raises ParameterError if a parameter is missing."""
        for name in self.REQUIRED:
            if not data[name] or is_blank(data[name]):
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
        brought = bring(data["data"], data["data_name"], data["data_type"])
        return SaveRequest(new, data["version"], brought, data["without"] is not None)


class SaveItemSchema(SaveSchema):
    """A line of POST /signature/batch."""

    FILE: ClassVar[str | None] = None
    KEY: ClassVar = "idempotency_key"

    idempotency_key = Text(limit=MAX_KEY, strip=False)

    @post_load
    def build(self, data: dict[str, Any], **_options: object) -> SaveItem:
        """Return the item."""
        key = data[self.KEY]
        return SaveItem(self.build_save(data), None if key is None else SentKey(key, self.KEY))
