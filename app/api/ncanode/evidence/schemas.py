"""Parameters about the evidence of a version. A schema's `read` returns a frozen value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from marshmallow import post_load

from app.api.ncanode.parameters import ParametersSchema, require_thread
from app.api.params.fields import Choice, Text, VersionNumber
from app.cms import SignatureProfile

#: The signature as it was saved, beside the forms with its evidence inside.
ORIGINAL = "original"
#: The signature as it was saved and its evidence, as files of an archive.
PACKAGE = "evidence"


@dataclass(frozen=True, slots=True)
class VersionRequest:
    """A stored version; None as its number: the current one."""

    document: str
    thread: str
    version: int | None


@dataclass(frozen=True, slots=True)
class FileRequest(VersionRequest):
    """GET /signature/file."""

    #: None: as it was saved.
    profile: SignatureProfile | None
    #: Whether it is to be packed with its evidence, as it was saved.
    is_packed: bool = False


class VersionSchema(ParametersSchema):
    """POST /signature/evidence and GET /signature/evidence-record."""

    REQUIRED: ClassVar[tuple[str, ...]] = ("document", "thread")

    document = Text()
    thread = Text()
    version = VersionNumber(load_default=None, allow_none=True)

    @post_load
    def build(self, data: dict[str, Any], **_options: object) -> VersionRequest:
        """Return the request."""
        require_thread(data)
        return VersionRequest(data["document"], data["thread"], data["version"])


class FileSchema(VersionSchema):
    """GET /signature/file."""

    profile = Choice(ORIGINAL, *SignatureProfile, PACKAGE, load_default=ORIGINAL)

    @post_load
    def build(self, data: dict[str, Any], **_options: object) -> FileRequest:
        """Return the request."""
        require_thread(data)
        named = data["profile"] or ORIGINAL
        profile = None if named in {ORIGINAL, PACKAGE} else SignatureProfile(named)
        version, is_packed = data["version"], named == PACKAGE
        return FileRequest(data["document"], data["thread"], version, profile, is_packed)
