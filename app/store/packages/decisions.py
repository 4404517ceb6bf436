"""Decisions about a signer's links: the signer declined, or the office revoked them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Integer, Text, bindparam, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from app.store.database.types import PUBLIC_ID, utc_now
from app.store.errors import PackageNotFound
from app.store.models import Package, PackageDecision, PackageDocument, PackageSigner
from app.store.packages.writing import read_uuid

DECLINED: Final = "declined"
REVOKED: Final = "revoked"
#: Characters of a reason.
MAX_REASON: Final = 2000


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about a signer, and when; `reason` is that of who declined."""

    signer: int
    kind: str
    decided_at: datetime
    reason: str | None


_COLUMNS = (
    PackageDecision.signer,
    PackageDecision.kind,
    PackageDecision.decided_at,
    PackageDecision.reason,
)
_OLDEST_FIRST = PackageDecision.decided_at, PackageDecision.signer
_OF_PACKAGE = (
    select(*_COLUMNS)
    .where(PackageDecision.package_id == bindparam("package_id"))
    .order_by(*_OLDEST_FIRST)
)

_DECLINES = (
    select(*_COLUMNS)
    .select_from(Package)
    .outerjoin(
        PackageDecision,
        (PackageDecision.package_id == Package.id) & (PackageDecision.kind == DECLINED),
    )
    .where(Package.public_id == bindparam("public_id", type_=PUBLIC_ID))
    .order_by(*_OLDEST_FIRST)
)

_OF_THREAD = (
    select(
        PackageSigner.last_name,
        PackageSigner.first_name,
        PackageDecision.decided_at,
        PackageDecision.reason,
    )
    .join(PackageDocument, PackageDocument.package_id == PackageDecision.package_id)
    .join(
        PackageSigner,
        (PackageSigner.package_id == PackageDecision.package_id)
        & (PackageSigner.number == PackageDecision.signer),
    )
    .where(
        PackageDocument.document == bindparam("document"),
        PackageDocument.thread == bindparam("thread"),
        PackageDecision.kind == DECLINED,
    )
    .order_by(PackageDecision.decided_at.desc(), PackageDecision.package_id.desc())
    .limit(bindparam("limit", type_=Integer()))
)


def list_decisions(connection: Connection, package_id: int) -> list[Decision]:
    """Return all decisions about the signers of a package, by its row, oldest first."""
    rows = connection.execute(_OF_PACKAGE, {"package_id": package_id})
    return [Decision(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ThreadDecline:
    """A signer of a package who declined to sign a document in a thread; `name` as it was given."""

    name: str
    decided_at: datetime
    reason: str | None


def list_thread_declines(
    connection: Connection, document: str, thread: str, limit: int
) -> list[ThreadDecline]:
    """Return who declined to sign a document in a thread, newest first."""
    rows = connection.execute(_OF_THREAD, {"document": document, "thread": thread, "limit": limit})
    return [
        ThreadDecline(
            " ".join(filter(None, (row.last_name, row.first_name))), row.decided_at, row.reason
        )
        for row in rows
    ]


def find_declines(connection: Connection, public_id: str) -> list[Decision]:
    """Return who declined to sign a package, and why, oldest first. Raises PackageNotFound."""
    written = read_uuid(public_id)
    if written is None:
        raise PackageNotFound
    rows = connection.execute(_DECLINES, {"public_id": written}).all()
    if not rows:
        raise PackageNotFound
    return [Decision(*row) for row in rows if row.signer is not None]


def decide(
    connection: Connection, package_id: int, signer: int, kind: str, reason: str | None = None
) -> bool:
    """Keep a decision about a signer; return whether it is the first of its kind.

    Nothing is kept otherwise, nor if the package was deleted. Inside `database.transaction`.
    """
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    values = {
        "package_id": Package.id,
        "signer": literal(signer),
        "kind": literal(kind),
        "decided_at": utc_now(),
        "reason": literal(reason, Text()),
    }
    # A deletion waits, or is waited for.
    rows = select(*values.values()).where(Package.id == package_id)
    rows = rows.with_for_update(read=True, key_share=True)
    statement = make(PackageDecision).from_select(list(values), rows).on_conflict_do_nothing()
    kept = connection.execute(statement.returning(PackageDecision.signer)).first()
    return kept is not None


def revoke_links(connection: Connection, public_id: str, signer: int | None = None) -> int:
    """Revoke the links of a signer, or of all signers; return of how many.

    Inside `database.transaction`. Raises PackageNotFound.
    """
    written = read_uuid(public_id)
    if written is None:
        raise PackageNotFound
    statement = (
        select(PackageSigner.package_id, PackageSigner.number)
        .join(Package, Package.id == PackageSigner.package_id)
        .where(Package.public_id == written)
    )
    if signer is not None:
        statement = statement.where(PackageSigner.number == signer)
    found = connection.execute(statement).all()
    if not found:
        raise PackageNotFound
    return sum(decide(connection, row.package_id, row.number, REVOKED) for row in found)
