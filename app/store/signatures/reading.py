"""Reads of one thread: a version of it, or all of them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select

from app.store.database.compiled_query import Prepared
from app.store.errors import SignatureNotFound
from app.store.models import IS_CURRENT, Signature, Version
from app.store.signatures.large_texts import IN_MEMORY, Key
from app.store.signatures.records import SignatureRecord
from app.store.signatures.rows import PLAIN, Carried, columns, records, stream
from app.store.signatures.weighing import FEW_ROWS, PAGE_ROWS, SMALL, hold, is_much, weight

_THREAD = (
    Signature.document == bindparam("document"),
    Signature.thread == bindparam("thread"),
)


class VersionPart(NamedTuple):
    """Some versions of a thread: those below a number, and how many at most, which are few."""

    before: int
    limit: int


class FileFacts(NamedTuple):
    """What is known of the file of a version; see `models.Version` for what may be None."""

    format: str | None
    #: SHA-256 of the decoded signature, hex.
    sha256: str | None
    #: Bytes of the decoded signature, and of the content attached to it.
    size: int | None
    content_size: int | None


def read_file_facts(connection: Connection, key: Key) -> FileFacts:
    """Return what is known of the file of a version. Raises SignatureNotFound."""
    statement = select(
        Version.format, Version.signature_sha256, Version.signature_size, Version.content_size
    ).where(Version.signature_id == key.signature_id, Version.version == key.version)
    row = connection.execute(statement).first()
    if row is None:
        raise SignatureNotFound
    return FileFacts._make(row)


def find_address(connection: Connection, signature_id: int) -> tuple[str, str] | None:
    """Return document and thread of the thread with an id, None if there is none."""
    statement = select(Signature.document, Signature.thread).where(Signature.id == signature_id)
    row = connection.execute(statement).one_or_none()
    return None if row is None else (row.document, row.thread)


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
    record = next(records(connection, carried, rows), None)
    if record is None:
        raise SignatureNotFound
    return record


@lru_cache(maxsize=16)
def _find(dialect: str, current: bool, carried: Carried) -> Prepared:
    statement = select(*columns(dialect, carried, IN_MEMORY))
    if current:
        return Prepared(statement.join(Version, IS_CURRENT).where(*_THREAD), kept=True, binary=True)
    return Prepared(
        statement.join(Version, Version.signature_id == Signature.id).where(
            *_THREAD, Version.version == bindparam("version")
        ),
        binary=True,
    )


def list_few_versions(
    connection: Connection, document: str, thread: str, carried: Carried = PLAIN
) -> list[SignatureRecord] | None:
    """Return all versions of a thread, newest first; None if they must not be fetched at once.

    There are none if there is no such thread.
    """
    dialect = connection.dialect.name
    statement = _versions(dialect, carried, limited=True)
    values = {"document": document, "thread": thread, "limit": FEW_ROWS + 1}
    rows = statement.fetch(connection, values)
    if len(rows) > FEW_ROWS:
        values["limit"] = PAGE_ROWS + 1
        weight_of_all = _weight_of_versions(dialect, carried)
        if weight_of_all and is_much(*weight_of_all.fetch(connection, values)):
            return None
        rows = statement.fetch(connection, values)
    return hold(records(connection, carried, rows, SMALL)) if len(rows) <= PAGE_ROWS else None


def list_versions(
    connection: Connection,
    document: str,
    thread: str,
    carried: Carried = PLAIN,
) -> Iterator[SignatureRecord]:
    """Return all versions of a thread, newest first, none if there is no such thread.

    Rows are returned one at a time; `connection` is one of `database.snapshot`.
    """
    statement = _versions(connection.dialect.name, carried, limited=False)
    return stream(connection, statement, {"document": document, "thread": thread}, carried)


def page_of_versions(
    connection: Connection,
    document: str,
    thread: str,
    part: VersionPart,
    carried: Carried,
) -> list[SignatureRecord]:
    """Return some versions of a thread, newest first, none if there is no such thread.

    Args:
        connection: to the store.
        document: of the thread.
        thread: its name.
        part: which of them.
        carried: the columns of each, without signatures.
    """
    values = {"document": document, "thread": thread, **part._asdict()}
    rows = _page(connection.dialect.name, carried).fetch(connection, values)
    return list(records(connection, carried, rows, SMALL))


@lru_cache(maxsize=16)
def _page(dialect: str, carried: Carried) -> Prepared:
    statement = (
        select(*columns(dialect, carried, SMALL))
        .join(Version, Version.signature_id == Signature.id)
        .where(*_THREAD, Version.version < bindparam("before"))
        .order_by(Version.version.desc())
        .limit(bindparam("limit"))
    )
    return Prepared(statement, kept=True, binary=True)


@lru_cache(maxsize=16)
def _weight_of_versions(dialect: str, carried: Carried) -> Prepared | None:
    """Build the statement for the size of the newest versions of a thread."""
    rows = weight(dialect, cms=carried.cms, signers=carried.signers)
    if rows is None:
        return None
    newest = Version.version >= Signature.version - PAGE_ROWS
    of_thread = rows.join(Signature, Version.signature_id == Signature.id)
    return Prepared(of_thread.where(*_THREAD, newest))


@lru_cache(maxsize=16)
def _versions(dialect: str, carried: Carried, *, limited: bool) -> Prepared:
    statement = (
        select(*columns(dialect, carried, SMALL))
        .join(Version, Version.signature_id == Signature.id)
        .where(*_THREAD)
        .order_by(Version.version.desc())
    )
    if not limited:
        return Prepared(statement, binary=True)
    # An index finds the thread, which usually has few versions, for any name.
    return Prepared(statement.limit(bindparam("limit")), kept=True, binary=True)
