"""The views about links to a version: what the office's page does, by the API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, current_app, request

from app.api import envelope
from app.api.ncanode.evidence.schemas import VersionRequest, VersionSchema
from app.api.ncanode.links.errors import PagesOff
from app.api.ncanode.links.schemas import LinkRequest, LinkSchema, MakeLinkSchema
from app.auth import needs
from app.cms import iso_moment
from app.services.links import LinkWanted, list_links, make_link, revoke_link
from app.store.public_links import LinkRecord

blueprint = Blueprint("links", __name__)

_MAKE = MakeLinkSchema()
_LIST = VersionSchema()
_REVOKE = LinkSchema()


@blueprint.post("/signature/link")
@needs("write", by_tags=True)
def make_version_link() -> Response:
    """Make a link to a version; its address is in this answer and in no other."""
    wanted: LinkWanted = _MAKE.read(request)
    if "web" not in current_app.blueprints:
        raise PagesOff("This server has no page for a link: see WEB")
    made = make_link(wanted)
    written = {**_write(made.record), "token": made.token, "url": made.address}
    return envelope.success({"link": written}, 201)


@blueprint.get("/signature/link")
@needs("read", by_tags=True)
def list_version_links() -> Response:
    """Return the links to a version, newest first, without their addresses."""
    wanted: VersionRequest = _LIST.read(request)
    found = list_links(wanted.document, wanted.thread, wanted.version)
    return envelope.success({"links": [_write(one) for one in found]})


@blueprint.delete("/signature/link")
@needs("write", by_tags=True)
def revoke_version_link() -> Response:
    """Revoke a link to a version."""
    wanted: LinkRequest = _REVOKE.read(request)
    revoke_link(wanted.document, wanted.thread, wanted.version, wanted.link)
    return envelope.done()


def _write(link: LinkRecord) -> dict[str, Any]:
    """Return a link as answers have it."""
    ended = "ended" if link.has_ended(datetime.now(UTC)) else "in_force"
    return {
        "id": link.id,
        "version": link.key.version,
        "created_at": iso_moment(link.created_at),
        "created_by": link.created_by,
        "expires_at": iso_moment(link.expires_at),
        "revoked_at": link.revoked_at and iso_moment(link.revoked_at),
        "state": "revoked" if link.revoked_at else ended,
        "files": link.with_files,
    }
