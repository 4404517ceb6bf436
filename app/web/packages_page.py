"""The packages that the office has sent: a list, and a page for each."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from flask import Response, request
from sqlalchemy import Connection
from werkzeug.exceptions import NotFound

from app.auth import needs
from app.extensions import current_reads, current_trusted
from app.rate_limit.searches import current_searches
from app.services.cursors import MAX_ID, read_cursor, write_cursor
from app.store.packages.overview import list_overviews, read_overview
from app.store.packages.overview_values import PackageOverview, Part
from app.web.addresses import read_number
from app.web.blueprint import blueprint
from app.web.rendering import render
from app.web.verdicts import role_name

#: Packages of a page, and signers and documents of each that the list shows.
ROWS, FEW = 10, 5
#: Signers, and documents, of one package's page.
MANY = 10


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of packages."""

    rows: list[PackageOverview]
    #: The cursor of the next page, None behind the last.
    following: str | None


@blueprint.get("/app/packages")
@needs("read")
def get_packages() -> Response:
    """Return the list, newest first."""
    cursor = request.args.get("cursor", "").strip()
    before = read_cursor(cursor) if cursor else MAX_ID
    if before is None:
        raise NotFound
    with current_searches().one():
        listed = current_reads().read(partial(_list, before))
    return render("packages.html", here="packages", listed=listed)


@blueprint.get("/app/package")
@needs("read")
def get_package() -> Response:
    """Return the page of one package."""
    people, threads = (
        Part(read_number(request.args, name) or 0, MANY) for name in ("signers", "documents")
    )
    public_id = request.args.get("id", "")
    package = current_reads().read(partial(_read, public_id, people, threads))
    return render(
        "package.html",
        here="packages",
        package=package,
        role=role_name,
        signers=people.behind,
        documents=threads.behind,
        following_signers=_following(people, package.signers),
        following_documents=_following(threads, package.documents),
    )


def _list(before: int, connection: Connection, _stack: ExitStack) -> Listed:
    few = Part(0, FEW)
    rows = list_overviews(connection, before, ROWS + 1, few, current_trusted())
    following = write_cursor(rows[ROWS - 1].id) if len(rows) > ROWS else None
    return Listed(rows[:ROWS], following)


def _read(
    public_id: str, people: Part, threads: Part, connection: Connection, _stack: ExitStack
) -> PackageOverview:
    return read_overview(connection, public_id, people, threads, current_trusted())


def _following(part: Part, number: int) -> int | None:
    """Return behind which number the next part begins, None if this is the last."""
    behind = part.behind + part.limit
    return behind if behind < number else None
