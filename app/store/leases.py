"""Leases: work that only one of the processes that share a database does at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, or_
from sqlalchemy.dialects import postgresql, sqlite

from app.store.models import Lease


def take_lease(connection: Connection, name: str, holder: str, seconds: float) -> bool:
    """Take or extend a lease; return whether the holder has it now.

    A lease that isn't given back expires, so the work of a killed process goes on.
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
