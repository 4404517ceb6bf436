"""Counts that are kept: a number of threads up to an id, and what changed it since.

A new thread's id is higher than that of any kept count, so a save of it writes nothing here. Where
a thread that was saved before is deleted, or loses or gains what a count is kept of, the database
notes the change in the same transaction: triggers and `save_version` (migration 0012).

A count is exact if two things hold when its rows are counted. No thread with an id up to the kept
one may still be unfinished; and every transaction that changed a thread without having seen that
its changes are to be noted must be done. So on PostgreSQL transactions that hold a lock on the
table of threads are waited for (`_wait_for_writers`), without a lock of our own that they would
wait for. SQLite has one writer at a time.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, delete, func, literal, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from app.store.database.engine import impatient
from app.store.database.schemas import qualified
from app.store.models import CountChange, KeptCount
from app.store.search.counts import LARGEST, Counted, kept_statement

#: Counts that are kept at most; one of which nothing was advanced for a while gives way to a new
#: one.
MOST = 1_000
_DISUSED = timedelta(days=1)
#: Time from one attempt to keep a count, or to advance it, to the next.
PAUSE = timedelta(seconds=5)
#: Seconds for which running writers are waited for, and between two looks at them.
PATIENCE, _LOOK = 2.0, 0.01

#: The transactions that write rows of a table, or lock one to do so: each takes such a lock before
#: it takes the id of a new row.
_WRITERS = text("""
    SELECT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND relation = CAST(to_regclass(:heads) AS oid)
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND mode IN ('RowShareLock', 'RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock',
        'AccessExclusiveLock')""")


def keep_each(engine: Engine, many: Iterable[Counted]) -> None:
    """Keep counts as `keep` does, or not: what counts them the next time tries again.

    The caller has no connection in use.
    """
    for counted in many:
        with suppress(SQLAlchemyError):
            keep(engine, counted)


def keep(engine: Engine, counted: Counted) -> bool:
    """Begin to keep a count, or advance its id; return whether that was done.

    It isn't if another process does so, or did a moment ago; if there are too many counts; or if a
    writer takes long.

    Args:
        engine: the primary's.
        counted: whose count it is.

    Raises:
        SQLAlchemyError: the database can't be written, or another process was first.
    """
    with impatient(engine) as connection:
        _make_room(connection, counted.key)
        if not _claim(connection, counted.key):
            return False
        last = _find_last(connection, counted)
        if engine.dialect.name == "postgresql" and not _wait_for_writers(connection, counted):
            return False
    with _writing(engine) as connection:
        return _count_anew(connection, counted, last)


def reset(connection: Connection) -> None:
    """Discard all counts. Inside `database.transaction`.

    For what adds rows to the indexes beside `save_version`, in that transaction and before this:
    nothing notes these on PostgreSQL.
    """
    if connection.dialect.name == "sqlite":
        return  # Triggers do.
    connection.execute(delete(KeptCount))
    connection.execute(delete(CountChange))


def _make_room(connection: Connection, key: str) -> None:
    """Remove the count that was not advanced for the longest time, if there are too many."""
    number = select(func.count()).select_from(KeptCount).scalar_subquery()
    is_kept = select(KeptCount.key).where(KeptCount.key == key).exists()
    oldest = select(KeptCount.key).order_by(KeptCount.tried_at).limit(1).scalar_subquery()
    is_old = KeptCount.tried_at < datetime.now(UTC) - _DISUSED
    removed = connection.execute(
        delete(KeptCount)
        .where(number >= MOST, ~is_kept, KeptCount.key == oldest, is_old)
        .returning(KeptCount.key)
    ).scalar()
    if removed is not None:
        connection.execute(delete(CountChange).where(CountChange.key == removed))


def _claim(connection: Connection, key: str) -> bool:
    """Have changes of a count noted, and return whether it is to be counted here and now."""
    now = datetime.now(UTC)
    add = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    number = select(func.count()).select_from(KeptCount).scalar_subquery()
    is_kept = select(KeptCount.key).where(KeptCount.key == key).exists()
    types = KeptCount.__table__.c
    row = select(
        literal(key, types.key.type), literal(0, types.upto.type), literal(now, types.tried_at.type)
    ).where((number < MOST) | is_kept)
    statement = (
        add(KeptCount)
        .from_select(["key", "upto", "tried_at"], row)
        .on_conflict_do_update(
            index_elements=[KeptCount.key],
            set_={"tried_at": now},
            where=KeptCount.tried_at < now - PAUSE,
        )
        .returning(KeptCount.key)
    )
    return connection.execute(statement).first() is not None


def _find_last(connection: Connection, counted: Counted) -> int:
    """Return the newest id, or the one that a count is kept up to, if that is higher.

    It is where the newest rows were deleted: ids are never used again.
    """
    newest = select(func.coalesce(func.max(counted.head.id), 0)).scalar_subquery()
    kept = select(KeptCount.upto).where(KeptCount.key == counted.key).scalar_subquery()
    last: int = max(connection.execute(select(newest, func.coalesce(kept, 0))).one())
    return last


def _wait_for_writers(connection: Connection, counted: Counted) -> bool:
    """Wait for the transactions that write what is counted; return whether all of them ended."""
    name = qualified(connection, counted.head.__tablename__)
    deadline = time.monotonic() + PATIENCE
    waited = _find_writers(connection, name)
    while waited:
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK)
        waited &= _find_writers(connection, name)
    return True


def _find_writers(connection: Connection, name: str) -> set[str]:
    return set(connection.execute(_WRITERS, {"heads": name}).scalars())


@contextmanager
def _writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction whose statements see one snapshot. On SQLite it doesn't wait for long."""
    level = "SERIALIZABLE" if engine.dialect.name == "sqlite" else "REPEATABLE READ"
    with impatient(engine) as connection:
        connection.commit()  # Of nothing: the level of a transaction can't be changed.
        connection.execution_options(isolation_level=level)
        with connection.begin():
            yield connection


def _count_anew(connection: Connection, counted: Counted, last: int) -> bool:
    """Count the threads up to an id, and drop the changes that the count contains.

    All changes that are visible are in the rows that are counted here, or in those before, to whose
    number they are added. Others were committed later, and stay.
    """
    values = {"key": counted.key, "value": counted.value, "last": last, "most": LARGEST}
    [[number, changed, _, behind]] = kept_statement(counted.kind).fetch(connection, values)
    found = connection.execute(
        update(KeptCount)
        .where(KeptCount.key == counted.key, KeptCount.upto <= last)
        .values(upto=last, number=(number or 0) + changed + behind)
        .returning(KeptCount.key)
    )
    if found.first() is None:
        return False
    connection.execute(delete(CountChange).where(CountChange.key == counted.key))
    return True
