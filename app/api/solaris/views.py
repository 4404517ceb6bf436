"""The view of the family."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial

from flask import Blueprint, Response, current_app, request
from sqlalchemy import Connection

from app.api.json_response import json_answer
from app.api.solaris.pages import Page, read_page
from app.api.solaris.persons import read_person
from app.api.solaris.signings import write_signing
from app.auth import needs
from app.extensions import current_reads, current_trusted, db
from app.rate_limit.searches import current_searches
from app.store.database.engine import in_snapshot
from app.store.packages.progress import Pair, Progress, list_progress
from app.store.persons.signings import Person, PersonSigning, count_signings, list_signings
from app.store.search.counts import Count
from app.store.search.kept_counts import keep_each
from app.store.signatures.standings import Trusted

blueprint = Blueprint("solaris", __name__)


@blueprint.get("/v1/persons/<person_id>/signings")
@needs("read")
def index_person_signings(person_id: str) -> Response:
    """List the signings of a person, newest first."""
    page, person = read_page(request), read_person(person_id)
    list_them = partial(_list_signings, page, person, current_trusted())
    with current_searches().one():
        (total, to_keep), signings, progress = current_reads().read(list_them, in_snapshot)
    keep_each(db.engine, to_keep)
    public_url, now = current_app.config["PUBLIC_URL"], datetime.now(UTC)
    pages = public_url and f"{public_url}/signatures" if _has_pages() else None
    written = [
        write_signing(
            signing,
            person,
            progress.get((signing.document, signing.thread)),
            pages=pages,
            now=now,
        )
        for signing in signings
    ]
    address = (public_url or request.root_path) + f"/v1/persons/{person_id}/signings"
    return json_answer(written, headers=page.headers(address, total))


def _list_signings(
    page: Page, person: Person, trusted: Trusted, connection: Connection, _stack: ExitStack
) -> tuple[Count, list[PersonSigning], Mapping[Pair, Progress]]:
    total = count_signings(connection, person)
    signings = list_signings(connection, person, trusted, limit=page.size, offset=page.offset)
    pairs = [(signing.document, signing.thread) for signing in signings]
    return total, signings, list_progress(connection, pairs, trusted)


def _has_pages() -> bool:
    """Return whether threads have addresses, which belong to another family."""
    return any(family.name == "penbox" for family in current_app.extensions["families"])
