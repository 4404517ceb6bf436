"""What was left behind: documents without a reference, and files or objects without a row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Connection, Engine, func, select

from app.store.contents.batches import BATCH, in_batches
from app.store.contents.keeping import IS_REFERRED_TO, release, remove_all
from app.store.contents.values import Place
from app.store.database.engine import transaction
from app.store.models import Content

#: Age from which on what has no row is no part of a save in progress, which takes minutes at most.
LEAST_AGE: Final = timedelta(hours=1)


class Swept(NamedTuple):
    """How many documents without a reference were deleted, and files or objects without a row."""

    unused: int
    left: int


def sweep(engine: Engine, place: Place | None, age: timedelta) -> Swept:
    """Delete what nothing refers to, in short transactions; servers may save meanwhile.

    Args:
        engine: of the store.
        place: where documents are outside the database.
        age: how long ago a file or an object without a row was written, `LEAST_AGE` at least.

    Raises:
        ContentAway: the place can't be read.
    """
    unused = 0
    after = b""
    while True:
        with transaction(engine) as connection:
            some = _unused_after(connection, after)
            gone = release(connection, some)
        remove_all(place, gone)
        unused += len(some)
        if not some:
            break
        after = some[-1]
    return Swept(unused, 0 if place is None else _sweep_place(engine, place, age))


def _unused_after(connection: Connection, after: bytes) -> list[bytes]:
    statement = select(Content.sha256).where(Content.sha256 > after, ~IS_REFERRED_TO)
    return list(connection.execute(statement.order_by(Content.sha256).limit(BATCH)).scalars())


def _sweep_place(engine: Engine, place: Place, age: timedelta) -> int:
    left = 0
    moment = datetime.now(UTC) - max(age, LEAST_AGE)
    for locations in in_batches(place.list_older(moment)):
        # Looked for after it was listed: what has a row by then stays.
        orphans = list(_without_row(engine, locations))
        for location in orphans:
            place.remove(location)
        left += len(orphans)
    return left


def _without_row(engine: Engine, locations: list[str]) -> Iterator[str]:
    with engine.connect() as connection:
        statement = select(Content.location).where(Content.location.in_(locations))
        there = set(connection.execute(statement).scalars())
    return (one for one in locations if one not in there)


class Sum(NamedTuple):
    """How many documents there are, and bytes of all."""

    number: int
    size: int


def count_contents(connection: Connection) -> tuple[Sum, Sum]:
    """Return the documents in the database, and those outside, which no backup of it has."""
    statement = select(func.count(), func.coalesce(func.sum(Content.size), 0))
    inside = connection.execute(statement.where(Content.location.is_(None))).one()
    outside = connection.execute(statement.where(Content.location.is_not(None))).one()
    return Sum(inside[0], int(inside[1])), Sum(outside[0], int(outside[1]))
