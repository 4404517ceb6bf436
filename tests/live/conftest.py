"""Servers and databases. The log of each server is read when its tests are over."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, text

from tests.live.client import Client, signature
from tests.live.server import CODE, Server
from tests.postgresql import PostgresServer

_numbers = itertools.count()


@dataclass(frozen=True)
class Database:
    """A database beside the server. `url` is what DATABASE_URL says."""

    kind: str
    url: str

    def execute(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """Run one statement in a connection of its own; return its rows."""
        engine = create_engine(
            self.url.replace("postgresql://", "postgresql+psycopg://"),
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
        )
        with engine.connect() as connection:
            result = connection.execute(text(sql), values)
            return [tuple(row) for row in result] if result.returns_rows else []


StartServer = Callable[..., Server]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A server with default durability, which a test may stop, break and start again."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="module")
def postgres_database(postgres: PostgresServer) -> Database:
    """An empty PostgreSQL database, shared by the tests of a file."""
    return _new_database(postgres)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """One empty database of each kind, shared by the tests of a file."""
    return _of_kind(request, tmp_path_factory)


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Database:
    """One empty database of each kind, for one test alone."""
    return _of_kind(request, tmp_path_factory)


def _of_kind(request: pytest.FixtureRequest, folders: pytest.TempPathFactory) -> Database:
    if request.param == "sqlite":
        return Database("sqlite", f"sqlite:///{folders.mktemp('data') / 'store.sqlite3'}")
    # Only now, so that SQLite's tests need no PostgreSQL.
    return _new_database(request.getfixturevalue("postgres"))


def _new_database(postgres: PostgresServer) -> Database:
    name = f"live_{next(_numbers)}"
    Database("postgresql", postgres.url).execute(f"CREATE DATABASE {name}")
    return Database("postgresql", postgres.database_url(name))


@pytest.fixture(scope="module")
def start_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartServer]:
    """Provide a function that starts a server: its database's URL, and settings by name."""
    servers: list[Server] = []

    def start(database_url: str, **settings: str) -> Server:
        servers.append(Server(database_url, tmp_path_factory.mktemp("server"), settings))
        servers[-1].migrate()
        return servers[-1].start()

    yield start
    try:
        for server in servers:
            server.tell_to_stop()
        for server in servers:
            server.wait_until_stopped()
    finally:
        for server in servers:
            server.kill()
    for server in servers:
        assert_discreet(server)


@pytest.fixture(scope="module")
def server(start_server: StartServer, database: Database) -> Server:
    """A server on each kind of database, shared by the tests of a file."""
    return start_server(database.url)


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    """A client of `server`."""
    with Client(server.address) as client:
        yield client


def assert_discreet(server: Server) -> None:
    """Check what a server wrote: nothing of its clients, and no traceback without a reason."""
    log = server.log
    assert CODE not in log
    for part in (signature()[:30], signature()[2000:2030], signature()[-30:]):
        assert part not in log
    if not server.saw_trouble:
        assert "Traceback" not in log
        assert "ERROR" not in log
