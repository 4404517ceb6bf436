"""The views of the family, each of which the reference has under two prefixes."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any

from flask import Blueprint, Response, current_app, request
from sqlalchemy import Connection

from app.api.iinked.schemas import (
    AddRequest,
    AddSchema,
    ListRequest,
    ListSchema,
    PackageRequest,
    PackageSchema,
)
from app.api.iinked.status import Origin, list_pieces, status_pieces, status_shape
from app.api.json_response import CONTENT_TYPE, Answer, json_answer
from app.api.params.unread import note
from app.auth import caller_may, caller_name, needs
from app.extensions import current_place, current_reads, current_trusted, db
from app.rate_limit.places import current_places
from app.rate_limit.searches import current_searches
from app.services.documents import offered
from app.store.contents.keeping import remove_all
from app.store.database.engine import in_survey, transaction
from app.store.errors import PackageNotFound
from app.store.packages import listing as package_lists
from app.store.packages import writing as packages
from app.store.packages.implicit import find_implicit, has_many_signers
from app.store.packages.records import PackageStatus, PackageSummary
from app.store.packages.status import find_package, get_package
from app.store.packages.writing import NewPackage
from app.store.search.counts import Count
from app.store.search.kept_counts import keep_each
from app.store.signatures.standings import Trusted

blueprint = Blueprint("iinked", __name__)

#: Signers of a thread's signatures from which on only a few answers are sent at a time, while being
#: written.
LARGE = 5000

_ADD = AddSchema()
_PACKAGE = PackageSchema()
_LIST = ListSchema()


@blueprint.get("/packages/<path:name>/status")
@blueprint.get("/api/v1/packages/<path:name>/status")
@needs("read")
def get_status(name: str) -> Response:
    """Return a registered package, or an unregistered thread as one."""
    note(request.args, ())
    if "\0" in name:  # PostgreSQL can't store such text.
        raise PackageNotFound
    trusted, reads = current_trusted(), current_reads()
    status, is_large = reads.read(partial(_find_registered, name, trusted))
    if status:
        return Answer(b"".join(status_pieces(status, _origin())))
    with ExitStack() as stack:
        if is_large:  # It waits for its place before it is collected.
            stack.enter_context(current_places().take())
        work = partial(_answer_thread, name, trusted, is_large)
        response: Response = reads.read(work, in_survey)
        if is_large:
            response.call_on_close(stack.pop_all().close)
        return response


def _find_registered(
    name: str, trusted: Trusted, connection: Connection, _stack: ExitStack
) -> tuple[PackageStatus | None, bool]:
    """Return a registered package; if there is none, whether the thread has many signers."""
    status = find_package(connection, name, trusted)
    return status, status is None and has_many_signers(connection, name, LARGE)


def _answer_thread(
    name: str, trusted: Trusted, is_large: bool, connection: Connection, stack: ExitStack
) -> Response:
    """Answer with an unregistered thread; the signers of a large one are read while it is sent."""
    status = find_implicit(connection, name, trusted)
    if status is None:
        raise PackageNotFound
    pieces = status_pieces(status, _origin())
    if not is_large:
        return Answer(b"".join(pieces))
    response = Response(pieces, content_type=CONTENT_TYPE)
    response.call_on_close(stack.pop_all().close)
    return response


@blueprint.post("/packages/add")
@blueprint.post("/api/v1/packages/add")
@needs("write")
def add() -> Response:
    """Add a package, as a draft or sent immediately."""
    wanted: AddRequest = _ADD.read(request)
    new: NewPackage = replace(wanted.new, member=caller_name())
    trusted = current_trusted()
    with ExitStack() as stack:
        offers = [(stack.enter_context(offered(one)), place) for place, one in wanted.contents]
        connection = stack.enter_context(transaction(db.engine))
        public_id = packages.add_package(connection, new)
        for offer, place in offers:
            if offer is not None:
                offer.keep_for_package(connection, public_id, place)
        return _answer(connection, public_id, trusted, is_new=True)


@blueprint.post("/packages/send")
@blueprint.post("/api/v1/packages/send")
@needs("write")
def send() -> Response:
    """Turn a draft into an open package."""
    wanted: PackageRequest = _PACKAGE.read(request)
    trusted = current_trusted()
    with db.engine.connect() as connection:
        packages.send_package(connection, wanted.public_id)
        return _answer(connection, wanted.public_id, trusted)


@blueprint.post("/packages/rescind")
@blueprint.post("/api/v1/packages/rescind")
@needs("write")
def rescind() -> Response:
    """Rescind a package that was sent."""
    wanted: PackageRequest = _PACKAGE.read(request)
    trusted = current_trusted()
    with db.engine.connect() as connection:
        packages.rescind_package(connection, wanted.public_id, wanted.message)
        return _answer(connection, wanted.public_id, trusted)


@blueprint.post("/packages/delete")
@blueprint.post("/api/v1/packages/delete")
@needs("delete")
def delete() -> Response:
    """Delete a package; signatures are kept."""
    wanted: PackageRequest = _PACKAGE.read(request)
    with transaction(db.engine) as connection:
        deleted = packages.delete_package(connection, wanted.public_id)
    remove_all(current_place(), deleted.locations)
    return json_answer({"packageId": deleted.public_id})


@blueprint.post("/packages/list")
@blueprint.post("/api/v1/packages/list")
@needs("read")
def list_packages() -> Response:
    """Return a page of the registered packages, each without its documents and signers."""
    wanted: ListRequest = _LIST.read(request)
    trusted, reads = current_trusted(), current_reads()
    with current_searches().one():
        (total, to_keep), few = reads.read(partial(_list_few, wanted, trusted), in_survey)
    keep_each(db.engine, to_keep)
    if few is not None:
        return Answer(b"".join(list_pieces(few, wanted.page, total, _origin())))
    with ExitStack() as stack:
        stack.enter_context(current_places().take())
        response = reads.read(partial(_list, wanted, trusted), in_survey)
        response.call_on_close(stack.pop_all().close)
        return response


def _list_few(
    wanted: ListRequest, trusted: Trusted, connection: Connection, _stack: ExitStack
) -> tuple[Count, list[PackageSummary] | None]:
    total = package_lists.count_packages(connection, wanted.criteria, trusted)
    few = package_lists.list_few_packages(connection, wanted.criteria, wanted.page, trusted)
    return total, few


def _list(
    wanted: ListRequest, trusted: Trusted, connection: Connection, stack: ExitStack
) -> Response:
    """Answer with a page that has much external data, fetched while it is sent."""
    total, _ = package_lists.count_packages(connection, wanted.criteria, trusted)
    found = package_lists.list_packages(connection, wanted.criteria, wanted.page, trusted)
    pieces = list_pieces(found, wanted.page, total, _origin())
    response = Response(pieces, content_type=CONTENT_TYPE)
    response.call_on_close(stack.pop_all().close)
    return response


def _answer(
    connection: Connection, public_id: str, trusted: Trusted, *, is_new: bool = False
) -> Response:
    """Answer with the state of a package after a write, which made it if it is new."""
    found = get_package(connection, public_id, trusted)
    status: dict[str, Any] = status_shape(found, _origin(is_new=is_new))
    return json_answer({"packageId": status["packageId"], "package": status})


def _origin(*, is_new: bool = False) -> Origin:
    """Return what answers are made with.

    The holder of a signer's link acts as the signer, and can open the document. So links are only
    given to callers with the scopes `read` and `write`, and in the answer that adds the package.
    """
    has_links = caller_may("write") and (is_new or caller_may("read"))
    links = current_app.config["PUBLIC_URL"] if has_links else None
    return Origin(current_app.config["ORGANIZATION_ID"], links)
