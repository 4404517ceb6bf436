"""Reads: what is asked of the store most. One statement each, whatever the number of rows.

The rows of a list are found in two moves of one statement: first the ids of the page, out of
narrow indexes, newest first; then the signatures of these few ids alone. A signature that is large
is left out of that, and read by itself when its row is taken: many rows are held at once, but only
one that is large.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    bindparam,
    func,
    null,
    select,
)
from sqlalchemy.exc import NoResultFound

from app.store.criteria import Criteria, Shape
from app.store.errors import SignatureNotFound
from app.store.large_texts import fetch_alone, short_text
from app.store.matching import matching
from app.store.models import IS_CURRENT, Signature, Version
from app.store.paging import all_ids, newest_ids
from app.store.picking import PickingShape, picked_ids
from app.store.prepared import Prepared
from app.store.records import RECORD_COLUMNS, SignatureRecord
from app.store.signers import facts_of, short_facts_of
from app.store.standings import Trusted

#: Rows that a long answer fetches at a time: as a rule about a megabyte of signatures.
FETCH_ROWS = 200
#: Bytes of a signature, and of the facts of its signers, that are fetched with many other rows.
SMALL = 48 * 1024
_LARGEST = 2**63 - 1

_KEY = (
    Version.signature_id == bindparam("signature_id"),
    Version.version == bindparam("number"),
)
_THREAD = (
    Signature.document == bindparam("document"),
    Signature.thread == bindparam("thread"),
)


@dataclass(frozen=True, slots=True)
class Carried:
    """What a row carries along beside what it always has."""

    cms: bool = True
    #: The facts of the signers.
    signers: bool = False
    #: By whom they are told to have signed, None: nothing is told of that.
    trusted: Trusted | None = None
    #: The name of the token that saved it.
    saver: bool = False
    #: The UUID by which the thread is known to other API families.
    public_id: bool = False


PLAIN = Carried()


def get_signature(
    connection: Connection,
    document: str,
    thread: str,
    version: int | None = None,
    carried: Carried = PLAIN,
) -> SignatureRecord:
    """Return one version of a thread, the current one if `version` is None.

    Raises:
        SignatureNotFound: there is no such thread, or no such version of it.
    """
    statement = _find(connection.dialect.name, version is None, carried)
    parameters = {"document": document, "thread": thread, "version": version}
    rows = statement.fetch(connection, parameters)
    record = _complete(connection, carried, SignatureRecord.of(rows[0])) if rows else None
    if record is None:
        raise SignatureNotFound
    return record


@lru_cache(maxsize=16)
def _find(dialect: str, current: bool, carried: Carried) -> Prepared:
    statement = select(*_columns(dialect, carried, SMALL))
    if current:
        return Prepared(statement.join(Version, IS_CURRENT).where(*_THREAD))
    return Prepared(
        statement.join(Version, Version.signature_id == Signature.id).where(
            *_THREAD, Version.version == bindparam("version")
        )
    )


def list_versions(
    connection: Connection,
    document: str,
    thread: str,
    carried: Carried = PLAIN,
) -> Iterator[SignatureRecord]:
    """Return all versions of a thread, newest first, none if there is no such thread.

    The rows come as they are taken; `connection` is one of `database.snapshot`.
    """
    statement = (
        select(*_columns(connection.dialect.name, carried, SMALL))
        .join(Version, Version.signature_id == Signature.id)
        .where(*_THREAD)
        .order_by(Version.version.desc())
    )
    return _stream(connection, statement, {"document": document, "thread": thread}, carried)


def search(
    connection: Connection,
    criteria: Criteria,
    *,
    limit: int,
    offset: int = 0,
    carried: Carried = PLAIN,
) -> Iterator[SignatureRecord]:
    """Return matching threads in their current version, each once.

    They come newest first, or as `criteria.picking` says.

    Args:
        connection: see `limit`.
        criteria: what to look for.
        limit: rows at most; 0: all. Where they may be more than `FETCH_ROWS`, they come as they
            are taken, and `connection` is one of `database.snapshot`. What is large comes as it is
            taken in any case, and a thread that was deleted meanwhile is left out.
        offset: rows to leave out at the start.
        carried: what else each row has.
    """
    if criteria.impossible:
        return iter(())
    statement, parameters = _page(connection.dialect.name, criteria, limit, offset, carried)
    if is_short(limit):
        rows = statement.fetch(connection, parameters)
        return _whole(connection, map(SignatureRecord.of, rows), carried)
    return _stream(connection, statement.statement, parameters, carried)


def _page(
    dialect: str, criteria: Criteria, limit: int, offset: int, carried: Carried
) -> tuple[Prepared, dict[str, Any]]:
    """Return the statement of a list, and the values for its placeholders."""
    parameters, limited = page_parameters(criteria, limit, offset), bool(limit)
    picking = criteria.picking
    if picking is None:
        return page_statement(dialect, criteria.shape, limited=limited, carried=carried), parameters
    statement = picked_statement(
        dialect, criteria.shape, picking.shape, limited=limited, carried=carried
    )
    return statement, parameters | picking.parameters


def is_short(limit: int) -> bool:
    """Return whether a list with this limit is fetched at once."""
    return 0 < limit <= FETCH_ROWS


def count(connection: Connection, criteria: Criteria) -> int:
    """Return the number of all matching threads."""
    if criteria.impossible:
        return 0
    picking = criteria.picking
    if picking is not None:
        ids = picked_ids(criteria.shape, picking.shape)
        number = select(func.count()).select_from(ids.subquery())
        return connection.execute(number, criteria.parameters | picking.parameters).scalar_one()
    statement = _count_statement(criteria.shape)
    return connection.execute(statement, criteria.parameters).scalar_one()


def _stream(
    connection: Connection, statement: Select[Any], parameters: dict[str, Any], carried: Carried
) -> Iterator[SignatureRecord]:
    options = {"yield_per": FETCH_ROWS}
    rows = connection.execute(statement, parameters, execution_options=options)
    return _whole(connection, map(SignatureRecord.of, rows), carried)


def _whole(
    connection: Connection, records: Iterator[SignatureRecord], carried: Carried
) -> Iterator[SignatureRecord]:
    """Return records with what was left out of them because it is large.

    Nothing here keeps what was given: two that are large would be in memory at once.
    """
    return filter(None, map(partial(_complete, connection, carried), records))


def _complete(
    connection: Connection, carried: Carried, record: SignatureRecord
) -> SignatureRecord | None:
    """Read what was left out of a record, which is None if it was deleted meanwhile."""
    cms = carried.cms and record.cms is None
    signers = carried.signers and record.signers is None
    if not (cms or signers):
        return record
    key = {"signature_id": record.id, "number": record.version}
    found: dict[str, Any] = {}
    dialect = connection.dialect.name
    try:
        if cms:
            found["cms"] = fetch_alone(connection.engine, _lacking_cms(), key)
        if signers:
            facts = _lacking_signers(dialect, carried.trusted)
            found["signers"] = connection.execute(facts, key).scalar_one()
    except NoResultFound:
        return None
    return record._replace(**found)


@cache
def _lacking_cms() -> Select[Any]:
    return select(Version.cms).where(*_KEY)


@lru_cache(maxsize=8)
def _lacking_signers(dialect: str, trusted: Trusted | None) -> Select[Any]:
    facts = facts_of(dialect, Version.signature_id, Version.version, trusted)
    statement: Select[Any] = select(facts)
    return statement.where(*_KEY)


def _columns(dialect: str, carried: Carried, limit: int) -> tuple[Any, ...]:
    """Return the columns of a record; what stands in a place that wasn't asked for is NULL.

    So is a signature, and are facts of signers, that have more than `limit` bytes.
    """
    key = Version.signature_id, Version.version
    cms = short_text(limit).label("cms")
    signers = short_facts_of(dialect, *key, limit, carried.trusted)
    return (
        *RECORD_COLUMNS,
        cms if carried.cms else null().label("cms"),
        signers if carried.signers else null().label("signers"),
        Version.saved_by if carried.saver else null().label("saved_by"),
        Signature.public_id if carried.public_id else null().label("public_id"),
    )


def page_parameters(criteria: Criteria, limit: int, offset: int) -> dict[str, Any]:
    """Return the values for the placeholders of `page_statement`."""
    reach = min(limit + offset, _LARGEST)
    return criteria.parameters | {"limit": limit, "offset": offset, "reach": reach}


@lru_cache(maxsize=512)
def page_statement(dialect: str, shape: Shape, *, limited: bool, carried: Carried) -> Prepared:
    """Write the statement of a list; `limited` lists end after :limit rows."""
    ids = newest_ids(dialect, shape) if limited else all_ids(shape)
    page = ids.subquery("page")
    return Prepared(
        select(*_columns(dialect, carried, SMALL))
        .join(page, page.c[0] == Signature.id)
        .join(Version, IS_CURRENT)
        .order_by(Signature.id.desc())
    )


@lru_cache(maxsize=512)
def picked_statement(
    dialect: str, shape: Shape, picking: PickingShape, *, limited: bool, carried: Carried
) -> Prepared:
    """Write the statement of a list of some threads, in an order of its own."""
    ids = picked_ids(shape, picking).order_by(*picking.order_by).offset(bindparam("offset"))
    page = (ids.limit(bindparam("limit")) if limited else ids).subquery("page")
    return Prepared(
        select(*_columns(dialect, carried, SMALL))
        .join(page, page.c[0] == Signature.id)
        .join(Version, IS_CURRENT)
        .order_by(*picking.order_by)
    )


@lru_cache(maxsize=512)
def _count_statement(shape: Shape) -> Select[int]:
    return select(func.count()).select_from(matching(shape).subquery())
