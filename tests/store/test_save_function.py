"""What the function of PostgreSQL does in a way of its own; see test_chains for all the rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text

from app.store.chains import NewVersion, save_version
from app.store.signing import read_text
from tests.conftest import EngineMaker
from tests.store.threads import save, save_first_versions

WRITTEN = ("signatures", "versions", "signature_tags", "signature_tag_pairs", "signature_terms")
# It grows within the transaction, from what the session did a moment ago.
READ_OF_HEADS = text(
    "SELECT coalesce(max(idx_tup_fetch), 0) FROM pg_stat_xact_user_tables"
    " WHERE relname = 'signatures' AND schemaname = current_schema()"
)
READ_WHOLE = text(
    "SELECT relname FROM pg_stat_xact_user_tables WHERE relname = ANY (:tables) AND seq_scan > 0"
)


@contextmanager
def one_connection(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        connection.execution_options(isolation_level="READ COMMITTED")
        yield connection


def save_tagged(connection: Connection, seen: int, *tags: str) -> None:
    new = NewVersion(document="d", thread="t", cms=f"text {seen}", tags=tags)
    save_version(connection, new, read_text(new.cms), seen, compare=True)


def test_a_thread_is_found_alone_among_all_of_its_document(
    open_engine: EngineMaker, postgresql_url: str
) -> None:
    engine = open_engine(postgresql_url)
    save_first_versions(engine, [f"other {number}" for number in range(5000)])
    with one_connection(engine) as connection, connection.begin():
        for number in range(500):
            new = NewVersion(document="d", thread=f"t {number}", cms="text")
            save_version(connection, new, read_text(new.cms), None)
    with one_connection(engine) as connection:
        with connection.begin():
            connection.execute(text("ANALYZE"))
        with connection.begin():
            new = NewVersion(document="d", thread="t 7", cms="text 2")
            before = connection.execute(READ_OF_HEADS).scalar_one()
            save_version(connection, new, read_text(new.cms), 1)
            read = connection.execute(READ_OF_HEADS).scalar_one() - before
    assert read < 10


def test_plans_made_while_there_was_little_do_not_read_whole_tables_later(
    open_engine: EngineMaker, postgresql_url: str
) -> None:
    engine = open_engine(postgresql_url)
    save(engine, "first")
    with one_connection(engine) as connection:
        with connection.begin():
            connection.execute(text("ANALYZE"))
        for seen in range(8):
            with connection.begin():
                save_tagged(connection, seen, "a", f"b{seen}")
        for number in range(300):
            save(engine, f"other {number}", tags=["a", "b", "c"])
        with connection.begin():
            save_tagged(connection, 8, "b8", "c")
            found = connection.execute(READ_WHOLE, {"tables": list(WRITTEN)}).all()
    assert found == []
