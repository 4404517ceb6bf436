"""Trees of evidence records as they are made: a draft gets versions, then a timestamp.

One process at a time does so, under a lease. A draft is kept from its first version on, so that a
process may be killed at any moment: the next one goes on with it. What is in the queue of versions
leaves it in the transaction that adds it to the draft.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    Connection,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from app.store.database.types import utc_now
from app.store.leases import take_lease
from app.store.models import (
    EvidenceBatch,
    EvidenceItem,
    EvidenceMembership,
    EvidenceUnrecorded,
    Signature,
    Version,
)
from app.store.signatures.large_texts import Key

#: Leaves of a tree: 16 trees have a million versions, and each fits in 10 MB of memory.
MAX_LEAVES: Final = 65_536
#: Versions that one transaction adds to a draft, and that one statement reads of it.
STEP: Final = 1000
#: The lease of who makes trees, and its seconds. It is extended by each transaction.
LEASE_NAME: Final = "evidence records"
LEASE: Final = 600.0


class LostLease(Exception):
    """Another process makes trees now."""


class Draft(NamedTuple):
    """A tree without a timestamp."""

    id: int
    algorithm: str


class Queued(NamedTuple):
    """A version that is to become a leaf; see `models.EvidenceUnrecorded`."""

    key: Key
    renews: int | None


class Member(NamedTuple):
    """A version that is a leaf of a draft; see `models.EvidenceMembership`."""

    key: Key
    members: bytes
    continues: int | None = None
    former: int = 0


def require_lease(connection: Connection, holder: str) -> None:
    """Take or extend the lease of who makes trees. Raises LostLease if another one has it."""
    if not take_lease(connection, LEASE_NAME, holder, LEASE):
        raise LostLease


def find_draft(connection: Connection) -> Draft | None:
    """Return the tree that has no timestamp yet."""
    statement = select(EvidenceBatch.id, EvidenceBatch.algorithm)
    row = connection.execute(
        statement.where(EvidenceBatch.token.is_(None)).order_by(EvidenceBatch.id).limit(1)
    ).first()
    return None if row is None else Draft(row.id, row.algorithm)


def open_draft(connection: Connection, algorithm: str) -> Draft:
    """Begin a tree with a hash algorithm, dotted."""
    values = {"algorithm": algorithm, "created_at": utc_now(), "stamps": 1}
    made = insert(EvidenceBatch).values(values).returning(EvidenceBatch.id)
    return Draft(connection.execute(made).scalar_one(), algorithm)


def set_algorithm(connection: Connection, draft: Draft, algorithm: str) -> None:
    """Set the hash algorithm, dotted, of a draft that has no versions."""
    change = update(EvidenceBatch).where(EvidenceBatch.id == draft.id)
    connection.execute(change.values(algorithm=algorithm))


def count_leaves(connection: Connection, draft: Draft) -> int:
    """Return the number of versions in a draft."""
    mine = EvidenceMembership.batch_id == draft.id
    return connection.execute(
        select(func.count()).select_from(EvidenceMembership).where(mine)
    ).scalar_one()


def list_queued(connection: Connection, limit: int) -> list[Queued]:
    """Return the first versions of the queue."""
    columns = EvidenceUnrecorded.signature_id, EvidenceUnrecorded.version
    rows = select(*columns, EvidenceUnrecorded.renews).order_by(*columns).limit(limit)
    return [Queued(Key(row[0], row[1]), row[2]) for row in connection.execute(rows)]


def take_queued(connection: Connection, queued: Sequence[Queued]) -> list[Queued]:
    """Take versions from the queue, inside `database.transaction`; return those that still were.

    A version that is being deleted is left there. The others can't be deleted before the commit,
    and what is kept for one of them from now on adds it to the queue again.
    """
    ids = sorted({one.key.signature_id for one in queued})
    heads = select(Signature.id).where(Signature.id.in_(ids)).order_by(Signature.id)
    heads = heads.with_for_update(read=True, key_share=True, skip_locked=True)
    there = connection.execute(heads).scalars().all()
    wanted = set(queued)
    mine = [
        one
        for one in _rows_of(connection, there, queued, EvidenceUnrecorded.renews)
        if Queued(one[0], one[1]) in wanted
    ]
    gone = delete(EvidenceUnrecorded).where(
        EvidenceUnrecorded.signature_id.in_(there),
        tuple_(EvidenceUnrecorded.signature_id, EvidenceUnrecorded.version).in_(
            [tuple(key) for key, _ in mine]
        ),
    )
    taken = gone.returning(
        EvidenceUnrecorded.signature_id, EvidenceUnrecorded.version, EvidenceUnrecorded.renews
    )
    if not mine:
        return []
    return [Queued(Key(row[0], row[1]), row[2]) for row in connection.execute(taken)]


def _rows_of(
    connection: Connection, ids: Sequence[int], queued: Iterable[Queued], column: Any
) -> list[tuple[Key, Any]]:
    """Return a column of the rows that belong to versions, by its table."""
    keys = {one.key for one in queued}
    table = column.class_
    rows = connection.execute(
        select(table.signature_id, table.version, column).where(
            # SQLite uses no index for pairs.
            table.signature_id.in_(ids),
            table.version.in_(sorted({key.version for key in keys})),
        )
    )
    found = ((Key(row[0], row[1]), row[2]) for row in rows)
    return [one for one in found if one[0] in keys]


def digest_members(connection: Connection, taken: Sequence[Queued]) -> list[Member]:
    """Return the groups of versions by SHA-256: the signature, and what is kept for it.

    Left out are texts that are no signature, and versions that are in a tree as they are now.
    """
    ids = sorted({one.key.signature_id for one in taken})
    groups: dict[Key, set[bytes]] = {
        key: {bytes.fromhex(digest)}
        for key, digest in _rows_of(connection, ids, taken, Version.signature_sha256)
        if digest
    }
    for key, sha256 in _rows_of(connection, ids, taken, EvidenceItem.sha256):
        if key in groups:
            groups[key].add(sha256)
    before = _known_members(connection, ids)
    members = [Member(key, b"".join(sorted(group))) for key, group in groups.items()]
    return [one for one in members if (one.key, one.members) not in before]


def _known_members(connection: Connection, ids: Sequence[int]) -> set[tuple[Key, bytes]]:
    """Return the groups of threads that are in trees, but for those that were given up."""
    table = EvidenceMembership
    rows = (
        select(table.signature_id, table.version, table.members)
        .join(EvidenceBatch, EvidenceBatch.id == table.batch_id)
        .where(
            table.signature_id.in_(ids),
            or_(EvidenceBatch.due_at.is_not(None), EvidenceBatch.token.is_(None)),
        )
    )
    return {(Key(row[0], row[1]), row[2]) for row in connection.execute(rows)}


def add_members(connection: Connection, draft: Draft, members: Sequence[Member]) -> None:
    """Add versions to a draft; one that is there gets what is given now."""
    if not members:
        return
    add: Any = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = add(EvidenceMembership).values(batch_id=draft.id)
    statement = statement.on_conflict_do_update(
        index_elements=[
            EvidenceMembership.signature_id,
            EvidenceMembership.version,
            EvidenceMembership.batch_id,
        ],
        set_={name: statement.excluded[name] for name in ("members", "continues", "former")},
    )
    rows = [
        {
            **one.key._asdict(),
            "members": one.members,
            "continues": one.continues,
            "former": one.former,
        }
        for one in members
    ]
    connection.execute(statement, rows)


def list_members(connection: Connection, draft: Draft) -> Iterator[bytes]:
    """Return the groups of a draft, by statements that each read some of them."""
    after = (0, 0)
    table = EvidenceMembership
    key = tuple_(table.signature_id, table.version)
    while True:
        some = select(table.signature_id, table.version, table.members)
        some = some.where(table.batch_id == draft.id, tuple_(*after) < key)
        some = some.order_by(table.signature_id, table.version).limit(STEP)
        rows = connection.execute(some).all()
        yield from (row.members for row in rows)
        if len(rows) < STEP:
            return
        after = (rows[-1].signature_id, rows[-1].version)
