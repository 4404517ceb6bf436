"""The tags of a thread's current version, read and locked."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import sleep

import pytest
from sqlalchemy import Connection, Engine

from app.store.database.engine import transaction
from app.store.signatures.current_tags import find_current_tags, lock_current_tags
from app.store.signatures.extraction import read_text
from app.store.signatures.writing import NewVersion, delete_chain, save_version
from tests.store.threads import save

#: Seconds in which a caller that waits for a lock reaches it.
SHORTLY = 0.3


def lock(engine: Engine, begun: Event) -> list[str] | None:
    begun.set()
    with transaction(engine) as connection:
        return lock_current_tags(connection, "doc", "main")


def locked_beside(engine: Engine, write: Callable[[Connection], object]) -> list[str] | None:
    """Return what is found by a caller that has to wait for a writer."""
    begun = Event()
    with ThreadPoolExecutor(1) as pool:
        with transaction(engine) as connection:
            write(connection)
            waiting = pool.submit(lock, engine, begun)
            assert begun.wait(timeout=30)
            sleep(SHORTLY)
            assert not waiting.done()
        return waiting.result(timeout=30)


def write_next(connection: Connection) -> None:
    new = NewVersion(document="doc", thread="main", cms="next", tags=("new",))
    save_version(connection, new, read_text(new.cms), 1)


def test_a_caller_that_waits_for_a_writer_finds_the_tags_of_that_writer(engine: Engine) -> None:
    save(engine, tags=["old"])
    assert locked_beside(engine, write_next) == ["new"]


def test_who_waits_for_a_deletion_finds_nothing(engine: Engine) -> None:
    save(engine, tags=["old"])
    assert locked_beside(engine, lambda one: delete_chain(one, "doc", "main")) is None


@pytest.mark.parametrize("tags", [[], ["b", "a"]])
def test_current_tags_are_those_of_the_newest_version(engine: Engine, tags: list[str]) -> None:
    first = save(engine, tags=["old"])
    save(engine, seen=1, tags=tags)
    with transaction(engine) as connection:
        assert find_current_tags(connection, first.id) == tags
        assert lock_current_tags(connection, "doc", "main") == tags
        assert lock_current_tags(connection, "other", "main") is None
