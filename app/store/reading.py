"""Reads: what is asked of the store most. One statement each, whatever the number of rows.

The rows of a list are found in two moves of one statement: first the ids of the page, out of
narrow indexes, newest first; then the signatures of these few ids alone. A signature that is large
is left out of that, and its row says where it is: many rows are held at once, but no large text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    bindparam,
    func,
    null,
    select,
)

from app.store import sqlite_texts
from app.store.columns import octets
from app.store.criteria import Criteria, Shape
from app.store.errors import SignatureNotFound
from app.store.large_facts import LargeFacts
from app.store.large_texts import IN_MEMORY, Key, LargeText, find_text, short_text
from app.store.matching import matching
from app.store.models import IS_CURRENT, Signature, Version
from app.store.paging import all_ids, newest_ids
from app.store.picking import PickingShape, picked_ids
from app.store.prepared import Prepared
from app.store.records import RECORD_COLUMNS, SignatureRecord
from app.store.signers import short_facts_of
from app.store.standings import Trusted

#: Rows that a long answer fetches at a time: as a rule about a megabyte of signatures.
FETCH_ROWS = 200
#: Bytes of a signature, and of the facts of its signers, that are fetched with many other rows.
SMALL = 48 * 1024
_LARGEST = 2**63 - 1

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
    record = next(_records(connection, carried, rows), None)
    if record is None:
        raise SignatureNotFound
    return record


@lru_cache(maxsize=16)
def _find(dialect: str, current: bool, carried: Carried) -> Prepared:
    statement = select(*_columns(dialect, carried, IN_MEMORY))
    if current:
        return Prepared(statement.join(Version, IS_CURRENT).where(*_THREAD))
    return Prepared(
        statement.join(Version, Version.signature_id == Signature.id).where(
            *_THREAD, Version.version == bindparam("version")
        )
    )


def list_few_versions(
    connection: Connection, document: str, thread: str, carried: Carried = PLAIN
) -> list[SignatureRecord] | None:
    """Return all versions of a thread, newest first; None if they are more than `FETCH_ROWS`.

    There are none if there is no such thread.
    """
    statement = _versions(connection.dialect.name, carried, limited=True)
    values = {"document": document, "thread": thread, "limit": FETCH_ROWS + 1}
    rows = statement.fetch(connection, values)
    return list(_records(connection, carried, rows, SMALL)) if len(rows) <= FETCH_ROWS else None


def list_versions(
    connection: Connection,
    document: str,
    thread: str,
    carried: Carried = PLAIN,
) -> Iterator[SignatureRecord]:
    """Return all versions of a thread, newest first, none if there is no such thread.

    The rows come as they are taken; `connection` is one of `database.snapshot`.
    """
    statement = _versions(connection.dialect.name, carried, limited=False).statement
    return _stream(connection, statement, {"document": document, "thread": thread}, carried)


@lru_cache(maxsize=16)
def _versions(dialect: str, carried: Carried, *, limited: bool) -> Prepared:
    statement = (
        select(*_columns(dialect, carried, SMALL))
        .join(Version, Version.signature_id == Signature.id)
        .where(*_THREAD)
        .order_by(Version.version.desc())
    )
    return Prepared(statement.limit(bindparam("limit")) if limited else statement)


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
            are taken, and `connection` is one of `database.snapshot`. Where they are fewer, it is
            needed no more.
        offset: rows to leave out at the start.
        carried: what else each row has.
    """
    if criteria.impossible:
        return iter(())
    statement, parameters = _page(connection.dialect.name, criteria, limit, offset, carried)
    if is_short(limit):
        rows = statement.fetch(connection, parameters)
        return iter(list(_records(connection, carried, rows, SMALL)))
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
    return _records(connection, carried, rows, SMALL)


def _records(
    connection: Connection,
    carried: Carried,
    rows: Iterable[Sequence[Any]],
    limit: int = IN_MEMORY,
) -> Iterator[SignatureRecord]:
    """Return the records of rows; what has more than `limit` bytes is in none of them."""
    is_sqlite = connection.dialect.name == "sqlite"
    for row in rows:
        record = SignatureRecord.of(row[:-1])
        key = Key(record.id, record.version)
        if carried.cms and record.cms is None:
            cms: str | LargeText | None
            if is_sqlite:
                cms = find_text(connection, key, limit=limit, rowid=row[-1])
            else:
                cms = LargeText(connection.engine, key, row[-1])
            if cms is None:
                continue  # It was deleted meanwhile.
            record = record._replace(cms=cms)
        if carried.signers and record.signers is None:
            facts = LargeFacts(connection.engine, key, carried.trusted)
            record = record._replace(signers=facts)
        yield record


def _columns(dialect: str, carried: Carried, limit: int) -> tuple[Any, ...]:
    """Return the columns of a record; what stands in a place that wasn't asked for is NULL.

    So is a signature, and are facts of signers, that have more than `limit` bytes. The last column
    says how large the signature is; for SQLite, which has none of them here, where it is.
    """
    key = Version.signature_id, Version.version
    is_sqlite = dialect == "sqlite"
    cms = null().label("cms") if is_sqlite else short_text(limit).label("cms")
    place = sqlite_texts.ROWID if is_sqlite else octets(Version.cms)
    signers = short_facts_of(dialect, *key, limit, carried.trusted)
    return (
        *RECORD_COLUMNS,
        cms if carried.cms else null().label("cms"),
        signers if carried.signers else null().label("signers"),
        Version.saved_by if carried.saver else null().label("saved_by"),
        Signature.public_id if carried.public_id else null().label("public_id"),
        place.label("place"),
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
