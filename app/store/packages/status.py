"""Reads one registered package: who must sign what, and who has.

Three statements for any size. Nothing in a package changes but its times, so they need no common
snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    func,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from app.store.database.types import PUBLIC_ID, utc_now
from app.store.errors import PackageNotFound
from app.store.models import Package, PackageDocument, PackageSigner, Signature
from app.store.packages.records import (
    EXTERNAL_DATA,
    LinkSource,
    PackageDocumentRecord,
    PackageSignerRecord,
    PackageStatus,
    summary_of,
)
from app.store.packages.requirements import Requirements, asks_for_roles, claims_of, read_list
from app.store.packages.states import State
from app.store.packages.uuids import PackageUuids
from app.store.packages.writing import read_uuid
from app.store.signatures.standings import Trusted

#: The type in which the signers sign one after the other.
SEQUENTIAL = "Sequential"

_PACKAGE_ID = bindparam("package_id", type_=BigInteger())
_BY_UUID = (
    select(Package.id)
    .where(Package.public_id == bindparam("public_id", type_=PUBLIC_ID))
    .scalar_subquery()
)
_BY_THREAD = select(func.max(Package.id)).where(Package.thread == bindparam("thread"))
# As in `progress`: a draft does not hide a package that was sent.
_SENT_BY_THREAD = _BY_THREAD.where(Package.opened_at.is_not(None))
_FOUND = func.coalesce(_BY_UUID, _SENT_BY_THREAD.scalar_subquery(), _BY_THREAD.scalar_subquery())
_COLUMNS = (
    Package.id,
    Package.public_id,
    Package.name,
    Package.type,
    Package.thread,
    Package.member,
    EXTERNAL_DATA.label("external_data"),
    Package.generate_links,
    Package.link_key,
    Package.sign_by,
    Package.opened_at,
    Package.rescinded_at,
    utc_now().label("now"),
)
_HEAD = select(*_COLUMNS).where(Package.id == _FOUND)
#: One package by its row.
HEAD_BY_ROW = select(*_COLUMNS, Package.rescind_message).where(Package.id == _PACKAGE_ID)
SIGNERS = (
    select(
        PackageSigner.number,
        PackageSigner.first_name,
        PackageSigner.last_name,
        PackageSigner.email,
        PackageSigner.mobile_number,
        PackageSigner.order,
        PackageSigner.iin,
        PackageSigner.bin,
        PackageSigner.role,
    )
    .where(PackageSigner.package_id == _PACKAGE_ID)
    .order_by(PackageSigner.order, PackageSigner.number)
)


def find_package(connection: Connection, name: str, trusted: Trusted) -> PackageStatus | None:
    """Return the package of this UUID, else the newest that was sent for the thread of this name.

    A draft only if there is nothing but drafts.
    """
    head = connection.execute(_HEAD, {"public_id": read_uuid(name), "thread": name}).first()
    if head is None:
        return None
    values = {"package_id": head.id, "of_thread": head.thread}
    documents = connection.execute(documents_of(connection.dialect.name, trusted), values).all()
    signers = connection.execute(SIGNERS, values).all()
    if not documents or not signers:
        return None  # It was deleted in between.
    return _status(head, documents, signers)


def is_asked_for(connection: Connection, document: str, thread: str, after: int = 0) -> bool:
    """Return whether a package that is sent, not rescinded, has this document in this thread.

    `after`: only packages that were sent after the one with this `Package.id` count.
    """
    conditions = [
        PackageDocument.document == document,
        PackageDocument.thread == thread,
        Package.opened_at.is_not(None),
        Package.rescinded_at.is_(None),
    ]
    if after:
        former = aliased(Package)
        sent = select(former.opened_at).where(former.id == after).scalar_subquery()
        is_as_early = and_(Package.opened_at == sent, Package.id > after)
        conditions.append(or_(Package.opened_at > sent, is_as_early))
    documents = select(Package.id).join(PackageDocument, PackageDocument.package_id == Package.id)
    return connection.execute(documents.where(*conditions).limit(1)).first() is not None


def get_package(connection: Connection, public_id: str, trusted: Trusted) -> PackageStatus:
    """Return an existing package.

    Raises:
        PackageNotFound: there is none.
    """
    found = find_package(connection, public_id, trusted)
    if found is None:
        raise PackageNotFound
    return found


@lru_cache(maxsize=8)
def documents_of(dialect: str, trusted: Trusted) -> Select[*tuple[Any, ...]]:
    """Build the statement for the documents, each with the signers of its current version."""
    of_thread = bindparam("of_thread", type_=Text())
    return (
        select(
            PackageDocument.number,
            PackageDocument.document,
            PackageDocument.thread,
            PackageDocument.name,
            PackageDocument.file_name,
            PackageDocument.order,
            PackageDocument.sha256,
            claims_of(dialect, asks_for_roles(_PACKAGE_ID), trusted, PackageDocument.sha256),
        )
        .outerjoin(
            Signature,
            (Signature.document == PackageDocument.document) & (Signature.thread == of_thread),
        )
        .where(PackageDocument.package_id == _PACKAGE_ID)
        .order_by(PackageDocument.order, PackageDocument.number)
    )


def _status(
    head: Row[*tuple[Any, ...]],
    documents: Sequence[Row[*tuple[Any, ...]]],
    signers: Sequence[Row[*tuple[Any, ...]]],
) -> PackageStatus:
    requirements = Requirements([(row.iin, row.bin, row.role) for row in signers])
    signed = [requirements.met(read_list(row.claims)) for row in documents]
    summary = summary_of(head, all(map(all, signed)))
    turns = turns_of(summary.type, summary.state)
    uuids = PackageUuids(summary.public_id)
    return PackageStatus(
        summary,
        LinkSource(head.id, head.link_key) if head.generate_links else None,
        [_document(row, each, turns(each)) for row, each in zip(documents, signed, strict=True)],
        [uuids.of_signer(str(row.number)) for row in signers],
        [_signer(row) for row in signers],
    )


def _document(
    row: Row[*tuple[Any, ...]], signed: list[bool], turns: list[bool]
) -> PackageDocumentRecord:
    return PackageDocumentRecord(
        number=row.number,
        document=row.document,
        name=row.name,
        file_name=row.file_name,
        order=row.order,
        executed=all(signed),
        asked=range(len(signed)),
        signed=signed,
        turns=turns,
    )


def _signer(row: Row[*tuple[Any, ...]]) -> PackageSignerRecord:
    return PackageSignerRecord(
        number=row.number,
        first_name=row.first_name,
        last_name=row.last_name,
        email=row.email,
        mobile_number=row.mobile_number,
        order=row.order,
    )


def turns_of(kind: str, state: State) -> Callable[[list[bool]], list[bool]]:
    """Return a function from who has signed a document to whose turn it is now."""
    if state != "open":
        return lambda signed: [False] * len(signed)
    if kind != SEQUENTIAL:
        return lambda signed: [not each for each in signed]
    return _first_unsigned


def _first_unsigned(signed: list[bool]) -> list[bool]:
    turns = [False] * len(signed)
    if False in signed:
        turns[signed.index(False)] = True
    return turns
