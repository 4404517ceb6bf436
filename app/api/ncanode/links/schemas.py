"""Parameters about links to a version. A schema's `read` returns a frozen value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from marshmallow import post_load

from app.api.ncanode.evidence.schemas import VersionRequest, VersionSchema
from app.api.ncanode.parameters import require_thread
from app.api.params.fields import Flag, Integer
from app.services.errors import ParameterError
from app.services.links import MAX_DAYS, USUAL_DAYS, LinkWanted


@dataclass(frozen=True, slots=True)
class LinkRequest(VersionRequest):
    """DELETE /signature/link."""

    #: The number of the link.
    link: int


class MakeLinkSchema(VersionSchema):
    """POST /signature/link."""

    days = Integer(low=1, high=MAX_DAYS, load_default=USUAL_DAYS)
    files = Flag(load_default=False)

    @post_load
    def build(self, data: dict[str, Any], **_options: object) -> LinkWanted:
        """Return the request."""
        require_thread(data)
        return LinkWanted(
            data["document"],
            data["thread"],
            data["version"],
            data["days"] or USUAL_DAYS,
            bool(data["files"]),
        )


class LinkSchema(VersionSchema):
    """DELETE /signature/link."""

    REQUIRED: ClassVar = ("document", "thread", "link")

    link = Integer(low=1, load_default=None)

    @post_load
    def build(self, data: dict[str, Any], **_options: object) -> LinkRequest:
        """Return the request."""
        require_thread(data)
        if data["link"] is None:
            raise ParameterError('"{field}" parameter must be set', field="link")
        return LinkRequest(data["document"], data["thread"], data["version"], data["link"])
