"""The address of the family."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, Response, current_app, request

from app.api.answers import json_answer
from app.api.solaris.pages import read_page
from app.api.solaris.persons import read_person
from app.api.solaris.signings import write_signing
from app.auth import needs
from app.extensions import current_trusted, db
from app.store.person_signings import count_signings, list_signings
from app.store.progress import list_progress

blueprint = Blueprint("solaris", __name__)


@blueprint.get("/v1/persons/<person_id>/signings")
@needs("read")
def index_person_signings(person_id: str) -> Response:
    """List the signings of a person, newest first."""
    page, person = read_page(request), read_person(person_id)
    trusted = current_trusted()
    with db.engine.connect() as connection:
        total = count_signings(connection, person)
        signings = list_signings(connection, person, trusted, limit=page.size, offset=page.offset)
        pairs = [(signing.document, signing.thread) for signing in signings]
        progress = list_progress(connection, pairs, trusted)
    public_url, now = current_app.config["PUBLIC_URL"], datetime.now(UTC)
    pages = public_url and f"{public_url}/signatures" if _has_pages() else None
    written = [
        write_signing(signing, person, progress.get(pair), pages=pages, now=now)
        for pair, signing in zip(pairs, signings, strict=True)
    ]
    address = (public_url or request.root_path) + f"/v1/persons/{person_id}/signings"
    return json_answer(written, headers=page.headers(address, total))


def _has_pages() -> bool:
    """Return whether threads have addresses of their own, which are another family's."""
    return any(family.name == "penbox" for family in current_app.extensions["families"])
