"""The server behind PgBouncer in transaction mode: each transaction may get another session."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, NullPool, create_engine, text
from sqlalchemy.exc import OperationalError

from app.store.database import engine as database
from app.store.database.engine import snapshot, transaction
from app.store.errors import SignatureNotFound
from app.store.signatures.large_texts import LargeText, SpooledText
from app.store.signatures.reading import get_signature
from config.settings import Settings
from tests.live.client import Client, assert_whole, content, signature, together
from tests.live.conftest import Database, StartServer
from tests.live.pgbouncer import PgBouncer
from tests.live.server import CODE, Server
from tests.postgresql import PostgresServer
from tests.store import threads


@pytest.fixture(scope="module")
def pooler(postgres: PostgresServer) -> Iterator[PgBouncer]:
    with PgBouncer(postgres.port) as pooler:
        yield pooler


@pytest.fixture(scope="module", params=[None, "Kept_apart"])
def schema(request: pytest.FixtureRequest) -> str | None:
    """What PG_SCHEMA says."""
    name: str | None = request.param
    return name


@pytest.fixture(scope="module")
def server(
    pooler: PgBouncer, postgres_database: Database, schema: str | None, start_server: StartServer
) -> Server:
    """A server that was migrated through the pooler, too."""
    name = postgres_database.url.rpartition("/")[2]
    settings = {"STATEMENT_TIMEOUT": "2", **({"PG_SCHEMA": schema} if schema else {})}
    return start_server(pooler.database_url(name), **settings)


@pytest.mark.usefixtures("server")
def test_the_migration_put_the_tables_into_the_schema_that_was_requested(
    postgres_database: Database, schema: str | None
) -> None:
    schemas = postgres_database.execute(
        "SELECT schemaname FROM pg_tables WHERE tablename IN ('signatures', 'versions')"
    )
    assert Counter(schemas)[schema or "public",] == 2


def test_a_statement_without_end_is_cancelled_and_no_session_keeps_the_setting(
    client: Client, postgres_database: Database, schema: str | None
) -> None:
    client.saved("locked")
    with locked(postgres_database, schema):
        for query in ({"limit": 5}, {}):
            answer = client.get("/signatures", **query)
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) > 0
        assert client.save("locked", version=1).status_code == 503
    assert client.read("locked").status_code == 200


@pytest.fixture(name="engine")
def pooled_engine(
    server: Server, postgres_database: Database, pooler: PgBouncer, schema: str | None
) -> Iterator[Engine]:
    """Provide an engine as the server has one, whose statements end after a second."""
    assert server.process is not None
    url = pooler.database_url(postgres_database.url.rpartition("/")[2])
    address = Settings.from_env({"DATABASE_URL": url}).database_url
    engine = create_engine(address, **database.engine_options(address, schema, 4, 1.0))
    database.prepare(engine)
    yield engine
    engine.dispose()


@contextmanager
def locked(postgres_database: Database, schema: str | None) -> Iterator[None]:
    """Lock the table of threads."""
    engine = create_engine(
        postgres_database.url.replace("postgresql://", "postgresql+psycopg://"),
        poolclass=NullPool,
    )
    with engine.begin() as connection:
        table = f'"{schema}".signatures' if schema else "signatures"
        connection.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        yield


def test_no_statement_is_kept_where_the_next_one_may_meet_another_session(engine: Engine) -> None:
    for seen in range(3):
        threads.save(engine, "kept by nobody", seen=seen)
        assert threads.get(engine, "kept by nobody").version == seen + 1
    with engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements")
        assert kept.scalar_one() == 0
    threads.delete(engine, "kept by nobody")


def test_large_values_go_and_come_whole(engine: Engine) -> None:
    large = "MII=" * 2_000_000
    threads.save(engine, "large", cms=large)
    found = threads.get(engine, "large").cms
    assert isinstance(found, LargeText)
    assert found.read() == large
    with found.opened() as held:
        assert isinstance(held, SpooledText)
        assert "".join(held.pieces(100_000)) == large
    threads.delete(engine, "large")


def test_the_first_statement_of_a_transaction_is_cancelled_as_well(
    engine: Engine, postgres_database: Database, schema: str | None
) -> None:
    with locked(postgres_database, schema):
        for isolated in (transaction, snapshot):
            with isolated(engine) as connection, pytest.raises(OperationalError, match="timeout"):
                get_signature(connection, "any", "main")
    with pytest.raises(SignatureNotFound):
        threads.get(engine, "any")


def test_while_one_waits_others_work_and_a_lost_connection_is_not_used_again(
    engine: Engine, postgres_database: Database, schema: str | None
) -> None:
    threads.save(engine, "lost")
    with ThreadPoolExecutor(1) as pool, locked(postgres_database, schema):
        waiting = pool.submit(threads.get, engine, "lost")
        steps = 0
        while steps < 30 and not waiting.done():
            steps += 1
            time.sleep(0.01)
        assert steps == 30
        postgres_database.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE wait_event_type = "
            "'Lock' AND datname = current_database()"
        )
        with pytest.raises(OperationalError):
            waiting.result(timeout=5)
    assert threads.get(engine, "lost").version == 1
    threads.delete(engine, "lost")


def test_a_thread_is_saved_continued_listed_and_deleted(client: Client) -> None:
    first = client.saved("pooled", tags=["one", "two"])
    second = client.saved("pooled", version=1, tags=["two", "three"])
    assert (second["id"], second["version"]) == (first["id"], 2)
    assert content(client.read("pooled"), "signature") == second
    assert content(client.read("pooled", version=1), "signature")["tags"] == ["one", "two"]
    assert [row["id"] for row in client.listed(tags="three")] == [first["id"]]
    assert client.listed(tags="one") == []
    assert client.delete("pooled").json() == {"status": True}
    assert client.read("pooled").status_code == 404
    assert client.listed(tags="two") == []


def test_a_long_list_comes_whole_through_a_cursor(client: Client) -> None:
    together(
        client.address, 5, lambda one, index: [one.saved(f"many {index}.{n}") for n in range(50)]
    )
    for _ in range(4):
        rows = content(client.get("/signatures"), "signatures")
        mine = [row["document"] for row in rows if row["document"].startswith(CODE + "many")]
        assert len(set(mine)) == len(mine) == 250
        assert {row["cms"] for row in rows} == {signature()}


def test_lists_and_saves_of_many_clients_share_the_few_connections(
    server: Server, client: Client
) -> None:
    def work(one: Client, index: int) -> Counter[int]:
        statuses: Counter[int] = Counter()
        for step in range(8):
            statuses[one.save(f"busy {index}.{step}", tags=[f"busy {step}"]).status_code] += 1
            statuses[one.save(f"busy {index}.{step}", version=1).status_code] += 1
            statuses[one.get("/signatures", without="cms").status_code] += 1
            statuses[one.delete(f"busy {index}.{step}").status_code if step % 2 else 200] += 1
        return statuses

    total = sum(together(server.address, 12, work), Counter[int]())
    assert total == {201: 12 * 16, 200: 12 * 16}
    assert_whole(client)


def test_of_all_writers_of_one_version_exactly_one_wins(server: Server, client: Client) -> None:
    client.saved("pooled race")
    for version in range(1, 4):
        answers = together(
            server.address,
            12,
            lambda one, index, seen=version: one.save(  # type: ignore[misc]
                "pooled race", version=seen, tags=[f"racer {index}"]
            ),
        )
        assert Counter(answer.status_code for answer in answers) == {201: 1, 400: 11}
    assert len(client.versions(CODE + "pooled race")) == 4
