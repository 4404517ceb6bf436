"""PostgreSQL goes and comes back under a server that runs on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from tests.live.client import Client, content, together
from tests.live.conftest import Database, StartServer
from tests.live.server import Server, wait_until
from tests.postgresql import PostgresServer


@pytest.fixture(scope="module")
def server(start_server: StartServer, postgres_database: Database) -> Server:
    server = start_server(postgres_database.url)
    server.saw_trouble = True
    return server


@pytest.fixture
def stopped(postgres: PostgresServer, client: Client) -> Iterator[PostgresServer]:
    """PostgreSQL, stopped after the server has used it; it runs again afterwards."""
    client.save("kept")
    postgres.stop()
    yield postgres
    if postgres.process is None:
        postgres.start()


def assert_says_away(answer: requests.Response) -> None:
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    body = answer.json()
    assert list(body) == ["status", "message", "content"]
    assert (body["status"], body["content"]) == (False, None)
    assert "atabase" in body["message"]
    assert "127.0.0.1" not in body["message"]


@pytest.mark.usefixtures("stopped")
def test_without_its_database_every_path_says_503_and_when_to_try_again(client: Client) -> None:
    for _ in range(4):  # the first ones find broken connections, the next ones none
        assert_says_away(client.read("kept"))
        assert_says_away(client.save("new"))
        assert_says_away(client.save("kept", version=1))
        assert_says_away(client.delete("kept"))
        assert_says_away(client.get("/signatures"))
        assert_says_away(client.get("/signatures", limit=5, count=1))
        assert_says_away(client.get("/signature/versions", document="kept", thread="story"))
    # What it said a moment ago is said for that moment.
    wait_until(lambda: not client.get("/health/ready").ok, "the server is not ready", patience=5)
    assert_says_away(client.get("/health/ready"))


@pytest.mark.usefixtures("stopped")
def test_without_its_database_the_server_still_lives_and_still_refuses_nonsense(
    client: Client,
) -> None:
    assert client.get("/health/live").status_code == 200
    assert client.get("/signature", document="only").status_code == 400
    assert client.get("/nowhere").status_code == 404


def test_when_the_database_is_back_so_is_the_server(
    server: Server, client: Client, stopped: PostgresServer
) -> None:
    workers = sorted(server.workers())
    crowd = together(server.address, 12, lambda one, _index: one.read("kept").status_code)
    assert crowd == [503] * 12

    stopped.start()
    for _ in range(3):  # a few connections of before may still turn up
        answer = client.read("kept")
        if answer.status_code == 200:
            break
        assert_says_away(answer)
    wait_until(lambda: client.get("/health/ready").ok, "the server is ready", patience=5)
    for number in range(25):
        assert client.read("kept").status_code == 200
        assert client.save(f"after {number}").status_code == 201
    everybody = together(server.address, 16, lambda one, _index: one.read("kept").status_code)
    assert everybody == [200] * 16
    assert sorted(server.workers()) == workers


def test_a_restart_of_the_database_in_an_idle_hour_is_not_noticed(
    server: Server, client: Client, postgres_database: Database
) -> None:
    client.save("idle")
    together(server.address, 12, lambda one, _index: one.read("idle").status_code)

    _end_idle_connections(postgres_database)

    statuses = [client.read("idle").status_code for _ in range(12)]
    assert statuses == [200] * 12
    assert client.save("idle", version=1).status_code == 201
    assert content(client.read("idle"), "signature")["version"] == 2


CONNECTIONS = """
SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()
"""
#: A connection that rested for a second is tried by the server before it is used.
END_RESTED = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND datname = current_database()
AND state = 'idle' AND state_change < clock_timestamp() - interval '1.2 s'
"""


def _end_idle_connections(database: Database) -> None:
    assert database.execute(CONNECTIONS)
    wait_until(
        lambda: (database.execute(END_RESTED), database.execute(CONNECTIONS))[1] == [],
        "all connections of the server are ended",
    )
