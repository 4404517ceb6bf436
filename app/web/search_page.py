"""The office's first page: counts, a form to search, and what was found."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from flask import Response, current_app, request
from sqlalchemy import Connection

from app.auth import needs
from app.extensions import current_reads, current_trusted, db
from app.rate_limit.searches import current_searches
from app.services import tag_scope
from app.services.cursors import write_cursor
from app.services.tag_scope import SearchOutOfReach
from app.services.translations import choose_wording
from app.store.evidence.reading import read_states
from app.store.search import counts, kept_counts
from app.store.search.counts import Counted
from app.store.search.criteria import Criteria
from app.store.signatures import listing
from app.store.signatures.large_texts import Key
from app.store.signatures.listing import Cursor, Page
from app.store.signatures.rows import Carried
from app.web.blueprint import blueprint
from app.web.rendering import render
from app.web.search_form import SearchForm, read_search
from app.web.threads import VersionView, view_version

#: Rows of a page, and matches up to which they are counted.
ROWS, BOUND = 20, 1_000


@dataclass(frozen=True, slots=True)
class Number:
    """A count; `is_more` if there are more than that."""

    number: int
    is_more: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What the page shows beside the form."""

    rows: list[VersionView]
    #: The cursor of the next page, None behind the last.
    following: str | None
    #: Matches; None where they were not counted: on further pages.
    matches: Number | None
    #: By state; None if no evidence is obtained here, or something was asked.
    pending: Number | None = None
    impossible: Number | None = None
    to_keep: tuple[Counted, ...] = ()


@blueprint.get("/app")
@needs("read", by_tags=True)
def get_search() -> Response:
    """Return the page."""
    form = read_search(request.args)
    if form.wrong:
        return render("search.html", 400, here="search", form=form)
    try:
        tag_scope.require_search_access(form.criteria)
    except SearchOutOfReach as error:
        if form.is_empty:
            return render("search.html", here="search", form=form, prefix=error.values["prefix"])
        refusal = choose_wording(request).sentence(error)
        return render("search.html", here="search", form=form, refusal=refusal)
    with current_searches().one():
        found = current_reads().read(partial(_find, form))
    response = render("search.html", here="search", form=form, found=found)
    if found.to_keep:
        # After the answer: to count a million threads takes seconds.
        response.call_on_close(partial(kept_counts.keep_each, db.engine, found.to_keep))
    return response


def _find(form: SearchForm, connection: Connection, _stack: ExitStack) -> Found:
    """Return a page of threads; by seven statements at most, whatever their number."""
    cursor = Cursor(form.before)
    carried = Carried(cms=False, signers=True, trusted=current_trusted())
    page = Page(form.criteria, ROWS, carried=carried, cursor=cursor)
    records = listing.find_page(connection, page) or []
    states = read_states(connection, [Key(one.id, one.version) for one in records])
    rows = [view_version(one, states.get(Key(one.id, one.version))) for one in records]
    following = None if cursor.following is None else write_cursor(cursor.following)
    if "cursor" in request.args:
        return Found(rows, following, None)
    if not form.is_empty:
        return Found(rows, following, _count_up_to(connection, form.criteria))
    number, is_exact, to_keep = counts.count_quickly(connection, form.criteria)
    matches = Number(number, not is_exact)
    if not current_app.config["EVIDENCE"]:
        return Found(rows, following, matches, to_keep=to_keep)
    pending = _count_up_to(connection, Criteria(evidence="pending"))
    impossible = _count_up_to(connection, Criteria(evidence="impossible"))
    return Found(rows, following, matches, pending, impossible, to_keep)


def _count_up_to(connection: Connection, criteria: Criteria) -> Number:
    number = listing.count_up_to(connection, criteria, BOUND + 1)
    return Number(min(number, BOUND), number > BOUND)
