"""Leases: work that only one of the processes that share a database does at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from app.store.models import Lease

#: How far the clocks of servers may differ. A lease that would last longer than that was taken by a
#: clock that was wrong, and is over.
SKEW = timedelta(hours=1)


def take_lease(connection: Connection, name: str, holder: str, seconds: float) -> bool:
    """Take or extend a lease; return whether the holder has it now.

    A lease that isn't given back expires, so that another process can take over the work of a
    killed one. All who take a lease of one name take it for about the same time.
    """
    now = datetime.now(UTC)
    until = now + timedelta(seconds=seconds)
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = (
        insert(Lease)
        .values(name=name, holder=holder, until=until)
        .on_conflict_do_update(
            index_elements=[Lease.name],
            set_={"holder": holder, "until": until},
            where=or_(Lease.holder == holder, Lease.until < now, Lease.until > until + SKEW),
        )
        .returning(Lease.holder)
    )
    return connection.execute(statement).first() is not None


def is_abandoned(connection: Connection, name: str, holder: str) -> bool:
    """Return whether another holder let a lease expire, as a process does that is killed."""
    statement = select(Lease.holder).where(
        Lease.name == name, Lease.holder != holder, Lease.until < datetime.now(UTC)
    )
    return connection.execute(statement).first() is not None


def give_back(connection: Connection, name: str, holder: str) -> None:
    """End a lease, if the holder has it."""
    connection.execute(delete(Lease).where(Lease.name == name, Lease.holder == holder))


def find_holder(connection: Connection, name: str) -> str | None:
    """Return the holder of a lease, expired or not; None if there is none."""
    return connection.execute(select(Lease.holder).where(Lease.name == name)).scalar()
