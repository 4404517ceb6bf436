"""The views of the contract's paths. A view reads the request and wraps the store's answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

from flask import Blueprint, Response, request
from sqlalchemy import Connection

from app.api import envelope
from app.api.json_response import Answer
from app.api.ncanode.signatures.batches import answer_batch, check_batch, read_batch
from app.api.ncanode.signatures.fields import Count
from app.api.ncanode.signatures.rows import Rows
from app.api.ncanode.signatures.save_schemas import SaveRequest, SaveSchema
from app.api.ncanode.signatures.saves import save
from app.api.ncanode.signatures.schemas import (
    GetRequest,
    GetSchema,
    SearchRequest,
    SearchSchema,
    ThreadRequest,
    ThreadSchema,
    VersionsRequest,
    VersionsSchema,
)
from app.api.ncanode.signatures.signer_diff import with_diff
from app.api.ncanode.signatures.thread_address import address_of
from app.auth import needs
from app.extensions import current_place, current_reads, db
from app.rate_limit.places import LARGE, current_places
from app.rate_limit.searches import current_searches
from app.services import tag_scope
from app.services.cursors import write_cursor
from app.services.idempotency import read_key
from app.store.contents.keeping import remove_all
from app.store.database.engine import in_snapshot, transaction
from app.store.errors import SignatureNotFound
from app.store.search import counts, kept_counts
from app.store.search.counts import Counted
from app.store.signatures import listing, reading
from app.store.signatures import writing as chains
from app.store.signatures.listing import Cursor
from app.store.signatures.records import MOST_ESCAPED, SignatureRecord
from app.store.signatures.rows import Carried

blueprint = Blueprint("ncanode", __name__)

_SAVE = SaveSchema()
_GET = GetSchema()
_THREAD = ThreadSchema()
_VERSIONS = VersionsSchema()
_SEARCH = SearchSchema()

#: Threads up to which `count=bounded` counts.
COUNT_BOUND = 10_000


@blueprint.post("/signature")
@needs("write", by_tags=True)
def save_signature() -> Response:
    """Save a version of a signature."""
    wanted: SaveRequest = _SAVE.read(request)
    return save(wanted, read_key(request))


@blueprint.post("/signature/batch")
@needs("write", by_tags=True)
def save_signatures() -> Response:
    """Save many versions, one after the other, each as `save_signature` does."""
    check_batch(request)
    with ExitStack() as stack:
        # Its body is not in memory while it waits.
        stack.enter_context(current_places().take())
        return _released_after(answer_batch(read_batch(request)), stack)


@blueprint.get("/signature")
@needs("read", by_tags=True)
def get_signature() -> Response:
    """Return a thread's current version, or another one."""
    wanted: GetRequest = _GET.read(request)
    rows = Rows.of_request(wanted.carried)
    record = current_reads().read(partial(_get, wanted, rows))
    if wanted.id not in (None, record.id) or wanted.stage not in (None, record.stage):
        raise SignatureNotFound
    with ExitStack() as stack:
        stack.enter_context(current_places().take_if(_size([record])))
        response = envelope.success_one("signature", rows.write(record))
        return rows.labelled(_released_after(response, stack))


def _get(
    wanted: GetRequest, rows: Rows, connection: Connection, _stack: ExitStack
) -> SignatureRecord:
    document, thread = address_of(connection, wanted)
    tag_scope.require_access(connection, document, thread)
    record = reading.get_signature(connection, document, thread, wanted.version, wanted.carried)
    tag_scope.require_read_access(connection, record)
    return next(rows.read(connection, [record]))


@blueprint.delete("/signature")
@needs("delete", by_tags=True)
def delete_signature() -> Response:
    """Delete a thread with all of its versions."""
    wanted: ThreadRequest = _THREAD.read(request)
    with transaction(db.engine) as connection:
        document, thread = address_of(connection, wanted)
        tag_scope.require_access(connection, document, thread)
        if not tag_scope.require_write_access(connection, document, thread):
            raise SignatureNotFound
        unused = chains.delete_chain(connection, document, thread, wanted.id)
    remove_all(current_place(), unused)
    return envelope.done()


@blueprint.get("/signature/versions")
@needs("read", by_tags=True)
def list_versions() -> Response:
    """Return all versions of a thread, newest first."""
    wanted: VersionsRequest = _VERSIONS.read(request)
    reads, rows = current_reads(), Rows.of_request(wanted.carried)
    few = reads.read(partial(_find_few_versions, wanted, rows))
    with ExitStack() as stack:
        if few is None:
            stack.enter_context(current_places().take())
            response = reads.read(partial(_list_versions, wanted, rows), in_snapshot)
        else:
            stack.enter_context(current_places().take_if(_size(few)))
            response = _write_versions(wanted, rows, iter(few))
        return rows.labelled(_released_after(response, stack))


def _find_few_versions(
    wanted: VersionsRequest, rows: Rows, connection: Connection, _stack: ExitStack
) -> list[SignatureRecord] | None:
    tag_scope.require_access(connection, wanted.document, wanted.thread)
    carried = _carried(wanted)
    few = reading.list_few_versions(connection, wanted.document, wanted.thread, carried)
    return None if few is None else list(rows.read(connection, few))


def _list_versions(
    wanted: VersionsRequest, rows: Rows, connection: Connection, stack: ExitStack
) -> Response:
    carried = _carried(wanted)
    records = reading.list_versions(connection, wanted.document, wanted.thread, carried)
    records = rows.read(connection, records)
    return _released_after(_write_versions(wanted, rows, records), stack)


def _carried(wanted: VersionsRequest) -> Carried:
    """Return what is read of each version, which may be more than is answered."""
    return replace(wanted.carried, signers=wanted.carried.signers or wanted.diff)


def _write_versions(
    wanted: VersionsRequest, rows: Rows, records: Iterator[SignatureRecord]
) -> Response:
    newest = next(records, None)
    if newest is None:
        raise SignatureNotFound
    tag_scope.require_tags(newest.tags)
    records = chain([newest], records)
    written = with_diff(records, rows.write) if wanted.diff else map(rows.write, records)
    return envelope.success_list("versions", written, {})


@blueprint.get("/signatures")
@needs("read", by_tags=True)
def search_signatures() -> Response:
    """Return the matching threads, in their current version, newest first."""
    wanted: SearchRequest = _SEARCH.read(request)
    tag_scope.require_search_access(wanted.page.criteria)
    reads, rows = current_reads(), Rows.of_request(wanted.page.carried)
    many: list[Counted] = []
    find = partial(_find_few, wanted, rows, many)
    few: list[SignatureRecord] | None = None
    if wanted.page.is_short:
        with current_searches().one():
            few, more = reads.read(find)
    with ExitStack() as stack:
        if few is None:
            stack.enter_context(current_places().take())
            stack.callback(kept_counts.keep_each, db.engine, many)
            response = reads.read(partial(_search, wanted, rows, many), in_snapshot)
        else:
            stack.enter_context(current_places().take_if(_size(few)))
            kept_counts.keep_each(db.engine, many)
            response = _write_found(wanted, rows, iter(few), more)
        return rows.labelled(_released_after(response, stack))


def _find_few(
    wanted: SearchRequest,
    rows: Rows,
    many: list[Counted],
    connection: Connection,
    _stack: ExitStack,
) -> tuple[list[SignatureRecord] | None, dict[str, Any]]:
    few = listing.find_page(connection, wanted.page)
    if few is None:
        return None, {}
    return list(rows.read(connection, few)), _count(connection, wanted, many)


def _search(
    wanted: SearchRequest,
    rows: Rows,
    many: list[Counted],
    connection: Connection,
    stack: ExitStack,
) -> Response:
    more = _count(connection, wanted, many)
    records = rows.read(connection, listing.search(connection, wanted.page))
    return _released_after(_write_found(wanted, rows, records, more), stack)


def _size(records: Sequence[SignatureRecord]) -> int:
    """Return the approximate size of an answer in bytes; more exactly only if that matters."""
    length = sum(record.length for record in records)
    if length <= LARGE < length * MOST_ESCAPED:
        return sum(record.written_size for record in records)
    return length


def _count(connection: Connection, wanted: SearchRequest, many: list[Counted]) -> dict[str, Any]:
    """Return the members of the content beside the rows, and add what is to be kept to `many`."""
    criteria = wanted.page.criteria
    if wanted.count == Count.BOUNDED:
        number = listing.count_up_to(connection, criteria, COUNT_BOUND + 1)
        is_exact = number <= COUNT_BOUND
        return {"nb_results": min(number, COUNT_BOUND), "nb_results_exact": is_exact}
    if not wanted.count:
        return {}
    number, to_keep = counts.count(connection, criteria)
    many += to_keep
    return {"nb_results": number}


def _write_found(
    wanted: SearchRequest, rows: Rows, records: Iterator[SignatureRecord], more: dict[str, Any]
) -> Response:
    written = map(rows.write, records)
    cursor = wanted.page.cursor
    if cursor is None:
        return envelope.success_list("signatures", written, more)
    return envelope.success_list("signatures", _with_next(written, cursor, more), more)


def _with_next(
    rows: Iterator[dict[str, Any]], cursor: Cursor, more: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Return rows, and add the next cursor to what follows them."""
    yield from rows
    more["next_cursor"] = None if cursor.following is None else write_cursor(cursor.following)


def _released_after(response: Response, stack: ExitStack) -> Response:
    """Release the resources in `stack` once an answer was sent; a complete one needs none."""
    if not isinstance(response, Answer):
        response.call_on_close(stack.pop_all().close)
    return response
