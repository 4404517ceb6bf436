"""Blobs that serve nothing any more are deleted, and no other ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, select, update

from app.store.database.engine import transaction
from app.store.evidence.keeping import Item, mark_pending
from app.store.evidence.sweeping import Swept, sweep
from app.store.models import EvidenceBlob
from tests.conftest import EngineMaker
from tests.store.evidence.queued import LIST, claim, keep, left_over, queue, token
from tests.store.threads import delete


def sweep_all(engine: Engine, limit: int = 1000) -> list[int]:
    """Sweep to the end; return how many blobs each call deleted."""
    deleted, after = [], b""
    while True:
        with transaction(engine) as connection:
            swept = sweep(connection, after, limit)
        deleted.append(swept.deleted)
        if swept.last is None:
            return deleted
        after = swept.last


def make_old(engine: Engine) -> None:
    """Let all blobs have been obtained two hours ago."""
    with transaction(engine) as connection:
        before = datetime.now(UTC) - timedelta(hours=2)
        connection.execute(update(EvidenceBlob).values(created_at=before))


def test_what_serves_nothing_is_deleted_after_an_hour(engine: Engine) -> None:
    first, second = queue(engine, "a", "b")
    claim(engine)
    keep(engine, first)
    keep(engine, second)
    assert sweep_all(engine) == [0]
    delete(engine, "a")
    assert sweep_all(engine) == [0]
    make_old(engine)
    assert sweep_all(engine) == [1]
    assert left_over(engine)[1] == 2
    delete(engine, "b")
    assert sweep_all(engine) == [2]
    assert sweep_all(engine) == [0]


def test_it_is_done_in_parts(engine: Engine) -> None:
    keys = queue(engine, *map(str, range(7)))
    claim(engine)
    for key in keys:
        keep(engine, key)
    for number in range(7):
        delete(engine, f"{number}")
    make_old(engine)
    deleted = sweep_all(engine, limit=3)
    assert (sum(deleted), max(deleted)) == (8, 3)


def test_what_a_worker_is_about_to_use_again_stays(
    open_engine: EngineMaker, postgresql_url: str
) -> None:
    engine = open_engine(postgresql_url)
    first, second = queue(engine, "a", "b")
    claim(engine)
    keep(engine, first)
    delete(engine, "a")
    make_old(engine)
    with transaction(engine) as connection:
        assert mark_pending(connection, second, [Item(1, "crl", LIST)], "me")
        # It is found unused, since nothing is committed yet, but locked.
        assert sweep_all(engine) == [1]
    assert sweep_all(engine) == [0]
    with engine.connect() as connection:
        assert connection.execute(select(EvidenceBlob.data)).scalars().all() == [LIST]


def test_what_is_swept_meanwhile_is_kept_anew(
    open_engine: EngineMaker, postgresql_url: str
) -> None:
    engine = open_engine(postgresql_url)
    first, second = queue(engine, "a", "b")
    claim(engine)
    keep(engine, first)
    delete(engine, "a")
    make_old(engine)
    with transaction(engine) as connection:
        assert sweep(connection) == Swept(2, None)
    with transaction(engine) as connection:
        assert mark_pending(connection, second, [token(first), Item(1, "crl", LIST)], "me")
    assert left_over(engine)[1:3] == [2, 2]
