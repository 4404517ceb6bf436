"""Databases that exist for one test, and servers on them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.live.server import Server
from tests.postgresql import PostgresServer

#: Makes an empty PostgreSQL database, and gives its address.
MakeDatabase = Callable[[], str]
#: Makes a server on a database's address, migrated but not started.
MakeServer = Callable[[str], Server]


@pytest.fixture(scope="session", name="postgresql")
def start_postgresql() -> Iterator[PostgresServer]:
    """A server whose databases may be dropped and restored."""
    with PostgresServer(durable=False) as server:
        yield server


@pytest.fixture(name="make_database")
def make_databases(postgresql: PostgresServer) -> Iterator[MakeDatabase]:
    """Provide a function that makes databases; they are dropped after the test."""
    names: list[str] = []

    def make() -> str:
        names.append(f"docs_{uuid.uuid4().hex}")
        postgresql.create_database(names[-1])
        return postgresql.database_url(names[-1])

    yield make
    for name in names:
        postgresql.drop(name)


@pytest.fixture(name="make_server")
def make_servers(tmp_path: Path) -> Iterator[MakeServer]:
    """Provide a function that makes servers; they are stopped after the test."""
    servers: list[Server] = []

    def make(database_url: str) -> Server:
        server = Server(database_url, tmp_path, {"WEB_CONCURRENCY": "2"})
        servers.append(server)
        server.migrate()
        return server

    yield make
    for server in servers:
        server.kill()
