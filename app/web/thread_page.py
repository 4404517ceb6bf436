"""One thread: its versions, who came and who was lost, and how each version stands."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from flask import Response, request
from sqlalchemy import Connection

from app.auth import needs
from app.extensions import current_reads, current_trusted
from app.services import tag_scope
from app.services.signer_changes import with_changes
from app.store.errors import SignatureNotFound
from app.store.evidence.reading import read_states
from app.store.packages.decisions import ThreadDecline, list_thread_declines
from app.store.packages.overview import list_asking
from app.store.signatures import reading
from app.store.signatures.large_texts import Key
from app.store.signatures.reading import VersionPart
from app.store.signatures.records import SignatureRecord
from app.store.signatures.rows import Carried
from app.web.addresses import MOST, Thread, read_number, read_thread
from app.web.blueprint import blueprint
from app.web.rendering import render
from app.web.threads import VersionView, view_version

#: Versions of a page, and packages that it names.
ROWS, PACKAGES = 20, 5


@dataclass(frozen=True, slots=True)
class Timeline:
    """Versions of a thread, newest first."""

    versions: list[VersionView]
    #: The number that all earlier versions are below, None if there are none.
    before: int | None
    #: Who declined to sign it, newest first.
    declines: list[ThreadDecline]
    #: The packages that ask to sign it: UUID and name.
    packages: list[tuple[str, str | None]]
    #: The tags of the current version, by which the thread is found.
    current_tags: frozenset[str]


@blueprint.get("/app/thread")
@needs("read", by_tags=True)
def get_thread() -> Response:
    """Return the page."""
    thread = read_thread(request.args)
    before = read_number(request.args, "before")
    timeline = current_reads().read(partial(_read, thread, before))
    return render("thread.html", thread=thread, timeline=timeline)


def _read(
    thread: Thread, before: int | None, connection: Connection, _stack: ExitStack
) -> Timeline:
    """Return a page of versions, by seven statements at most; none if a package asks for the first.

    Raises SignatureNotFound.
    """
    tag_scope.require_access(connection, *thread)
    carried = Carried(cms=False, signers=True, trusted=current_trusted(), saver=True)
    part = VersionPart(before or MOST, ROWS + 1)
    records = reading.page_of_versions(connection, *thread, part, carried)
    packages: list[tuple[str, str | None]] = []
    declines: list[ThreadDecline] = []
    if not tag_scope.is_bound():
        # Packages have no tags, so they are out of reach of a token with a prefix.
        packages = list_asking(connection, *thread, PACKAGES)
        declines = list_thread_declines(connection, *thread, ROWS)
    if records:
        tag_scope.require_read_access(connection, records[0])
    elif before or not packages:
        raise SignatureNotFound
    states = read_states(connection, [Key(one.id, one.version) for one in records])
    # One more was read: the last of the page is compared with it.
    views = [
        view_version(record, states.get(Key(record.id, record.version)), changes)
        for record, changes in with_changes(records)
    ][:ROWS]
    earlier = records[ROWS - 1].version if len(records) > ROWS else None
    tags = _current_tags(connection, thread, None if before else records)
    return Timeline(views, earlier, declines, packages, tags)


def _current_tags(
    connection: Connection, thread: Thread, newest: list[SignatureRecord] | None
) -> frozenset[str]:
    """Return the tags of the current version, the first of `newest`; of None it is read."""
    if newest is None:
        newest = [reading.get_signature(connection, *thread, None, Carried(cms=False))]
    return frozenset(newest[0].tags if newest else ())
