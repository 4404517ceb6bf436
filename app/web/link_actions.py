"""The office makes links to a version, and revokes them."""

from __future__ import annotations

from flask import Response, current_app, redirect, request

from app.auth import needs
from app.services.errors import ParameterError
from app.services.links import MAX_DAYS, LinkWanted, make_link, revoke_link
from app.store.errors import LinkNotFound, SignatureNotFound
from app.web.addresses import Thread, read_number, read_thread
from app.web.blueprint import blueprint
from app.web.forms import read_form
from app.web.new_link import keep_new_link
from app.web.rendering import page_url


@blueprint.post("/app/links")
@needs("write", by_tags=True)
def create_link() -> Response:
    """Make a link, and lead to the page of its version, which shows the address this once."""
    fields = read_form("days", "files")
    thread, version = _named()
    days, with_files = _read_days(fields.get("days", "")), "files" in fields
    made = make_link(LinkWanted(*thread, version, days, with_files))
    response = _see_version(thread, version)
    keep_new_link(response, made)
    return response


@blueprint.post("/app/links/revoke")
@needs("write", by_tags=True)
def end_link() -> Response:
    """Revoke a link."""
    fields = read_form("link")
    thread, version = _named()
    number = fields.get("link", "")
    if not (number.isascii() and number.isdecimal() and len(number) < 19):
        raise LinkNotFound
    revoke_link(*thread, version, int(number))
    return _see_version(thread, version, "#links")


def _see_version(thread: Thread, version: int, part: str = "") -> Response:
    address = page_url(
        "get_version", document=thread.document, thread=thread.thread, version=version
    )
    return current_app.make_response(redirect(f"{address}{part}", 303))


def _read_days(text: str) -> int:
    """Return the days for which a link is to lead somewhere. Raises ParameterError."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_DAYS))
    if not (is_number and 1 <= int(text) <= MAX_DAYS):
        raise ParameterError(
            '"{field}" parameter must be from {low} to {high}', field="days", low=1, high=MAX_DAYS
        )
    return int(text)


def _named() -> tuple[Thread, int]:
    """Return the version that the address names. Raises SignatureNotFound."""
    version = read_number(request.args, "version")
    if version is None:
        raise SignatureNotFound
    return read_thread(request.args), version
