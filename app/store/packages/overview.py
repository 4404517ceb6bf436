"""Registered packages as the office sees them: who is asked to sign what, and what came of it.

Four statements for a page of packages of any size, three for a part of one package.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, select
from sqlalchemy.orm import aliased

from app.store.errors import PackageNotFound
from app.store.models import (
    Package,
    PackageDecision,
    PackageDocument,
    PackageSigner,
    Signature,
)
from app.store.packages.decisions import DECLINED, REVOKED
from app.store.packages.overview_values import (
    AskedPerson,
    AskedThread,
    DeclinedBy,
    PackageOverview,
    Part,
)
from app.store.packages.states import (
    signed_by_column,
    signed_documents_column,
    state_column,
)
from app.store.packages.writing import read_uuid
from app.store.signatures.standings import Trusted

#: Characters of a reason that a list of packages shows, and declines of one package there.
SHORT_REASON, FEW_DECLINES = 300, 3


def list_overviews(
    connection: Connection, before: int, limit: int, few: Part, trusted: Trusted
) -> list[PackageOverview]:
    """Return packages, newest first.

    Args:
        connection: to read with.
        before: the row that all are before.
        limit: how many at most.
        few: which signers and documents of each.
        trusted: decides which signatures count.
    """
    page = (
        select(Package.id)
        .where(Package.id < before)
        .order_by(Package.id.desc())
        .limit(limit)
        .subquery("page")
    )
    heads = connection.execute(
        _heads(connection, trusted).join(page, page.c.id == Package.id).order_by(Package.id.desc())
    ).all()
    ids = [head.id for head in heads]
    if not ids:
        return []
    people = _people(connection, ids, few, trusted)
    threads = _threads(connection, ids, few, trusted)
    declines = _declines(connection, ids)
    return [_overview(head, people[head.id], threads[head.id], declines[head.id]) for head in heads]


def read_overview(
    connection: Connection, public_id: str, people: Part, threads: Part, trusted: Trusted
) -> PackageOverview:
    """Return a part of the package of a UUID. Raises PackageNotFound."""
    written = read_uuid(public_id)
    if written is None:
        raise PackageNotFound
    found = _heads(connection, trusted).where(Package.public_id == written)
    head = connection.execute(found).first()
    if head is None:
        raise PackageNotFound
    asked = _people(connection, [head.id], people, trusted)
    return _overview(
        head, asked[head.id], _threads(connection, [head.id], threads, trusted)[head.id]
    )


def list_asking(
    connection: Connection, document: str, thread: str, limit: int
) -> list[tuple[str, str | None]]:
    """Return UUID and name of packages that ask to sign a document in a thread, newest first."""
    rows = connection.execute(
        select(Package.public_id, Package.name)
        .join(PackageDocument, PackageDocument.package_id == Package.id)
        .where(PackageDocument.document == document, PackageDocument.thread == thread)
        .order_by(Package.id.desc())
        .limit(limit)
    )
    return [(str(public_id), name) for public_id, name in rows]


def _heads(connection: Connection, trusted: Trusted) -> Select[*tuple[Any, ...]]:
    """Build the statement for packages without their signers and documents."""
    numbers = [
        select(func.count()).where(table.package_id == Package.id).scalar_subquery().label(name)
        for name, table in (("signers", PackageSigner), ("documents", PackageDocument))
    ]
    declined = select(func.count()).where(
        PackageDecision.package_id == Package.id, PackageDecision.kind == DECLINED
    )
    return select(
        Package.id,
        Package.public_id,
        Package.name,
        Package.type,
        Package.member,
        Package.created_at,
        Package.sign_by,
        Package.rescinded_at,
        Package.rescind_message,
        state_column(connection.dialect.name, trusted).label("state"),
        *numbers,
        declined.scalar_subquery().label("declined"),
    )


def _people(
    connection: Connection, ids: Sequence[int], part: Part, trusted: Trusted
) -> Mapping[int, list[AskedPerson]]:
    """Return signers of packages, with what they decided."""
    found: dict[int, list[AskedPerson]] = defaultdict(list)
    wanted = (PackageSigner.package_id.in_(ids), part.condition(PackageSigner.number))
    for row in connection.execute(_signers(connection.dialect.name, trusted).where(*wanted)):
        found[row.package_id].append(
            AskedPerson(
                row.number,
                _name(row),
                row.iin,
                row.bin,
                row.role,
                row.signed,
                row.declined_at,
                row.reason,
                row.revoked_at,
            )
        )
    return found


def _signers(dialect: str, trusted: Trusted) -> Select[*tuple[Any, ...]]:
    """Build the statement for signers, each with what was decided."""
    declined, revoked = aliased(PackageDecision), aliased(PackageDecision)
    statement = select(
        PackageSigner.package_id,
        PackageSigner.number,
        PackageSigner.last_name,
        PackageSigner.first_name,
        PackageSigner.iin,
        PackageSigner.bin,
        PackageSigner.role,
        signed_documents_column(dialect, trusted).label("signed"),
        declined.decided_at.label("declined_at"),
        declined.reason,
        revoked.decided_at.label("revoked_at"),
    )
    for decision, kind in ((declined, DECLINED), (revoked, REVOKED)):
        statement = statement.outerjoin(
            decision,
            and_(
                decision.package_id == PackageSigner.package_id,
                decision.signer == PackageSigner.number,
                decision.kind == kind,
            ),
        )
    return statement.order_by(PackageSigner.package_id, PackageSigner.number)


def _threads(
    connection: Connection, ids: Sequence[int], part: Part, trusted: Trusted
) -> Mapping[int, list[AskedThread]]:
    """Return documents of packages, with whether their threads are begun."""
    rows = connection.execute(
        select(
            PackageDocument.package_id,
            PackageDocument.number,
            PackageDocument.document,
            PackageDocument.thread,
            PackageDocument.name,
            PackageDocument.file_name,
            Signature.id.label("begun"),
            signed_by_column(connection.dialect.name, trusted).label("signed"),
        )
        .outerjoin(
            Signature,
            and_(
                Signature.document == PackageDocument.document,
                Signature.thread == PackageDocument.thread,
            ),
        )
        .where(PackageDocument.package_id.in_(ids), part.condition(PackageDocument.number))
        .order_by(PackageDocument.package_id, PackageDocument.number)
    )
    found: dict[int, list[AskedThread]] = defaultdict(list)
    for row in rows:
        title = row.name or row.file_name or row.document
        found[row.package_id].append(
            AskedThread(
                row.number, row.document, row.thread, title, row.begun is not None, row.signed
            )
        )
    return found


def _declines(connection: Connection, ids: Sequence[int]) -> Mapping[int, list[DeclinedBy]]:
    """Return the newest declines of packages."""
    of_package, newest = PackageDecision.package_id, PackageDecision.decided_at.desc()
    listed = (
        select(
            PackageDecision.package_id,
            PackageDecision.signer,
            PackageDecision.decided_at,
            func.substr(PackageDecision.reason, 1, SHORT_REASON).label("reason"),
            func.row_number()
            .over(partition_by=of_package, order_by=(newest, PackageDecision.signer))
            .label("place"),
        )
        .where(PackageDecision.package_id.in_(ids), PackageDecision.kind == DECLINED)
        .subquery("listed")
    )
    rows = connection.execute(
        select(listed, PackageSigner.last_name, PackageSigner.first_name)
        .join(
            PackageSigner,
            and_(
                PackageSigner.package_id == listed.c.package_id,
                PackageSigner.number == listed.c.signer,
            ),
        )
        .where(listed.c.place <= FEW_DECLINES)
        .order_by(listed.c.package_id, listed.c.place)
    )
    found: dict[int, list[DeclinedBy]] = defaultdict(list)
    for row in rows:
        found[row.package_id].append(
            DeclinedBy(_name(row), row.signer, row.decided_at, row.reason or "")
        )
    return found


def _name(row: Row[*tuple[Any, ...]]) -> str:
    return " ".join(filter(None, (row.last_name, row.first_name)))


def _overview(
    head: Row[*tuple[Any, ...]],
    people: Sequence[AskedPerson],
    threads: Sequence[AskedThread],
    declines: Sequence[DeclinedBy] = (),
) -> PackageOverview:
    return PackageOverview(
        id=head.id,
        public_id=str(head.public_id),
        name=head.name,
        type=head.type,
        member=head.member,
        state=head.state,
        created_at=head.created_at,
        sign_by=head.sign_by,
        rescinded_at=head.rescinded_at,
        rescind_message=head.rescind_message,
        signers=head.signers,
        documents=head.documents,
        people=people,
        threads=threads,
        declines=declines,
        declined=head.declined,
    )
