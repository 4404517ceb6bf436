"""Leases: work that one process at a time does, of all that share a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, or_
from sqlalchemy.dialects import postgresql, sqlite

from app.store.models import Lease


def take_lease(connection: Connection, name: str, holder: str, seconds: float) -> bool:
    """Take a lease, or keep it for longer; tell whether it is the holder's now.

    One that isn't given back ends by itself, so the work of a process that was killed goes on.
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
            where=or_(Lease.holder == holder, Lease.until < now),
        )
        .returning(Lease.holder)
    )
    return connection.execute(statement).first() is not None
