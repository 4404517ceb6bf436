"""Parameters about cards. A schema's `read` returns a frozen value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from marshmallow import post_load

from app.api.ncanode.evidence.schemas import VersionRequest
from app.api.ncanode.files import Content
from app.api.ncanode.parameters import ParametersSchema, require_thread
from app.api.params.fields import Choice, Text, VersionNumber
from app.cms import decode_content
from app.services.errors import ParameterError
from app.services.media_types import PDF
from app.services.uploads import FILES


@dataclass(frozen=True, slots=True)
class CardRequest(VersionRequest):
    """GET and POST /signature/card."""

    #: The document, if it is not in the signature; and the name of its file.
    data: str | bytes | None
    name: str | None
    #: None: that of the request.
    language: str | None
    #: The token of a link that the card shows.
    link: str | None


class CardSchema(ParametersSchema):
    """GET and POST /signature/card."""

    FILE: ClassVar = "data"
    REQUIRED: ClassVar = ("document", "thread")

    document = Text()
    thread = Text()
    version = VersionNumber(load_default=None, allow_none=True)
    data = Content()
    name = Text()
    lang = Choice("ru", "kk", "en", load_default=None)
    link = Text()

    @post_load
    def build(self, data: dict[str, Any], **_options: object) -> CardRequest:
        """Return the request."""
        require_thread(data)
        return CardRequest(
            data["document"],
            data["thread"],
            data["version"],
            data["data"],
            data["name"] or None,
            data["lang"] or None,
            data["link"] or None,
        )


class CardFileSchema(ParametersSchema):
    """POST /card/verify."""

    FILE: ClassVar = "card"
    FILES: ClassVar = FILES | {PDF}
    REQUIRED: ClassVar = ("card",)

    card = Content()

    @post_load
    def build(self, data: dict[str, Any], **_options: object) -> bytes:
        """Return the file."""
        return read_file(data["card"], "card")


def read_file(given: str | bytes | None, name: str) -> bytes:
    """Return a file that was sent as such, or in base64. Raises ParameterError."""
    if not given:
        raise ParameterError('"{field}" parameter must be set', field=name)
    if isinstance(given, bytes):
        return given
    try:
        return decode_content(given)
    except ValueError as error:
        raise ParameterError('"{field}" parameter must be base64, or a file', field=name) from error
