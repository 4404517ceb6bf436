"""The server behind PgBouncer in transaction mode: each transaction may get another session."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy import NullPool, create_engine, text

from tests.conftest import opened
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
def test_the_migration_put_the_tables_into_the_schema_that_was_asked_for(
    postgres_database: Database, schema: str | None
) -> None:
    schemas = postgres_database.execute(
        "SELECT schemaname FROM pg_tables WHERE tablename IN ('signatures', 'versions')"
    )
    assert Counter(schemas)[schema or "public",] == 2


def test_a_statement_without_end_is_broken_off_and_no_session_keeps_the_setting(
    client: Client, postgres_database: Database, schema: str | None
) -> None:
    engine = create_engine(
        postgres_database.url.replace("postgresql://", "postgresql+psycopg://"),
        poolclass=NullPool,
    )
    client.saved("locked")
    with engine.begin() as connection:
        table = f'"{schema}".signatures' if schema else "signatures"
        connection.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        for query in ({"limit": 5}, {}):
            answer = client.get("/signatures", **query)
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) > 0
        assert client.save("locked", version=1).status_code == 503
    assert client.read("locked").status_code == 200


@pytest.mark.usefixtures("server")
def test_no_statement_is_kept_where_the_next_one_may_meet_another_session(
    pooler: PgBouncer, postgres_database: Database, schema: str | None
) -> None:
    url = pooler.database_url(postgres_database.url.rpartition("/")[2])
    with opened(url, schema) as engine:
        for seen in range(3):
            threads.save(engine, "kept by nobody", seen=seen)
            assert threads.get(engine, "kept by nobody").version == seen + 1
        with engine.connect() as connection:
            kept = connection.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements")
            assert kept.scalar_one() == 0
        threads.delete(engine, "kept by nobody")


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
