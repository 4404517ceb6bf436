"""One version: the verdict then and now, its evidence, downloads, and links to it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from flask import Response, current_app, request
from sqlalchemy import Connection

from app.auth import caller, needs
from app.cms import CmsError
from app.extensions import current_reads, current_trusted
from app.services import tag_scope
from app.services.errors import ParameterError
from app.services.links import MadeLink
from app.services.stored import key_of
from app.store.contents.reading import find_content
from app.store.contents.values import KeptContent
from app.store.evidence.reading import read_states
from app.store.evidence.records import is_recorded
from app.store.public_links import LinkRecord, list_links
from app.store.signatures import reading
from app.store.signatures.records import SignatureRecord
from app.store.signatures.rows import Carried
from app.web.addresses import Thread, read_number, read_thread
from app.web.blueprint import blueprint
from app.web.examined_version import VersionVerdict, examine_version
from app.web.forms import require_own_page
from app.web.new_link import find_new_link, forget_new_link
from app.web.rendering import render
from app.web.sent import Sent, read_copy
from app.web.threads import VersionView, view_version
from app.web.troubles import trouble_with_stored

#: The choices of days for which a link leads to its version.
LINK_DAYS = (1, 7, 30, 365)


@dataclass(frozen=True, slots=True)
class Read:
    """What is read of a version."""

    record: SignatureRecord
    view: VersionView
    links: list[LinkRecord]
    #: A link that was just made in this browser, whose address is shown this once.
    new_link: MadeLink | None
    #: What is kept of the document, None if nothing is.
    kept: KeptContent | None
    #: Whether there is an evidence record.
    recorded: bool


@blueprint.get("/app/version")
@needs("read", by_tags=True)
def get_version() -> Response:
    """Return the page."""
    return show_version(read_thread(request.args), read_number(request.args, "version"))


@blueprint.post("/app/version")
@needs("read", by_tags=True)
def compare_version() -> Response:
    """Return the page with the comparison of the reader's copy."""
    require_own_page()
    thread, version = read_thread(request.args), read_number(request.args, "version")
    return show_version(thread, version, read_copy())


def show_version(thread: Thread, version: int | None, sent: Sent | None = None) -> Response:
    """Return the page of a version, the current one if `version` is None.

    Args:
        thread: its thread.
        version: its number.
        sent: the reader's copy.
    """
    first = read_number(request.args, "signer") or 1
    read = current_reads().read(partial(_read, thread, version))
    verdict: VersionVerdict | None = None
    trouble = None
    try:
        verdict = examine_version(read.record, sent, masked=False, first=first, again=True)
    except (CmsError, ParameterError) as error:
        trouble = trouble_with_stored(error)
    bearer = caller()
    response = render(
        "version.html",
        thread=thread,
        record=read.record,
        recorded=read.recorded,
        version=read.view,
        verdict=verdict,
        trouble=trouble,
        links=read.links,
        kept=read.kept,
        new_link=read.new_link,
        link_days=LINK_DAYS,
        may_link=bearer.may("write") if bearer else not current_app.config["AUTH"],
    )
    if read.new_link:
        forget_new_link(response)
    return response


def _read(thread: Thread, version: int | None, connection: Connection, _stack: ExitStack) -> Read:
    """Return what is stored of a version. Raises SignatureNotFound, also without access."""
    tag_scope.require_access(connection, *thread)
    carried = Carried(signers=True, trusted=current_trusted(), saver=True)
    record = reading.get_signature(connection, *thread, version, carried)
    tag_scope.require_read_access(connection, record)
    key = key_of(record)
    states = read_states(connection, [key]).get(key)
    links, kept = list_links(connection, key), find_content(connection, *key)
    recorded = is_recorded(connection, key)
    new_link = find_new_link(connection, key)
    return Read(record, view_version(record, states), links, new_link, kept, recorded)
