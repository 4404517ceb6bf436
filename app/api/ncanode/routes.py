"""The contract's paths. A view reads the request, asks the store, and wraps the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import chain
from typing import Any

from flask import Blueprint, Response, current_app, request
from sqlalchemy import Connection

from app.api.ncanode import envelope
from app.api.ncanode.schemas import (
    SaveRequest,
    SaveSchema,
    SearchRequest,
    SearchSchema,
    ThreadRequest,
    ThreadSchema,
)
from app.cms.parsing import parse
from app.extensions import db
from app.store import chains, reading
from app.store.database import saving, snapshot, transaction
from app.store.errors import SignatureNotFound
from app.store.records import SignatureRecord

blueprint = Blueprint("ncanode", __name__)

_SAVE = SaveSchema()
_THREAD = ThreadSchema()
_SEARCH = SearchSchema()


@blueprint.post("/signature")
def save_signature() -> Response:
    """Save a version of a signature."""
    wanted: SaveRequest = _SAVE.read(request)
    if current_app.config["CMS_VALIDATION"] == "structure":
        parse(wanted.new.cms)
    with saving(db.engine) as connection:
        record = chains.save_version(connection, wanted.new, wanted.seen)
    return envelope.success({"signature": _writer()(record)}, 201)


@blueprint.get("/signature")
def get_signature() -> Response:
    """Give a thread's current version, or another one."""
    wanted: ThreadRequest = _THREAD.read(request)
    with db.engine.connect() as connection:
        record = reading.get_signature(connection, wanted.document, wanted.thread, wanted.version)
    return envelope.success({"signature": _writer(wanted.with_cms)(record)})


@blueprint.delete("/signature")
def delete_signature() -> Response:
    """Remove a thread with all of its versions."""
    wanted: ThreadRequest = _THREAD.read(request)
    with transaction(db.engine) as connection:
        chains.delete_chain(connection, wanted.document, wanted.thread)
    return envelope.done()


@blueprint.get("/signature/versions")
def list_versions() -> Response:
    """Give all versions of a thread, newest first."""
    wanted: ThreadRequest = _THREAD.read(request)
    with ExitStack() as stack:
        connection = stack.enter_context(snapshot(db.engine))
        records = reading.list_versions(
            connection, wanted.document, wanted.thread, with_cms=wanted.with_cms
        )
        newest = next(records, None)
        if newest is None:
            raise SignatureNotFound
        rows = map(_writer(wanted.with_cms), chain([newest], records))
        return _streamed(stack, "versions", rows)


@blueprint.get("/signatures")
def search_signatures() -> Response:
    """Give the threads that match, in their current version, newest first."""
    wanted: SearchRequest = _SEARCH.read(request)
    if reading.is_short(wanted.limit):
        with db.engine.connect() as connection:
            rows, more = _search(connection, wanted)
            return envelope.success({"signatures": list(rows), **more})
    with ExitStack() as stack:
        rows, more = _search(stack.enter_context(snapshot(db.engine)), wanted)
        return _streamed(stack, "signatures", rows, more)


def _search(
    connection: Connection, wanted: SearchRequest
) -> tuple[Iterator[dict[str, Any]], dict[str, int]]:
    """Give the rows that were asked for, and what else belongs into the content."""
    more = {"nb_results": reading.count(connection, wanted.criteria)} if wanted.count else {}
    records = reading.search(
        connection,
        wanted.criteria,
        limit=wanted.limit,
        offset=wanted.offset,
        with_cms=wanted.with_cms,
    )
    return map(_writer(wanted.with_cms), records), more


def _streamed(
    stack: ExitStack,
    key: str,
    rows: Iterator[dict[str, Any]],
    more: dict[str, int] | None = None,
) -> Response:
    """Answer with rows as they come; what `stack` holds is released after the last."""
    response = envelope.success_streamed(key, rows, more or {})
    response.call_on_close(stack.pop_all().close)
    return response


def _writer(with_cms: bool = True) -> Callable[[SignatureRecord], dict[str, Any]]:
    """Give the function that writes a record, which is called after the request's context ends."""
    return partial(envelope.signature, zone=current_app.config["TIMEZONE"], with_cms=with_cms)
