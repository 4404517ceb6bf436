"""Rows that are large: a worker holds one of them at a time, whatever list they are in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.live.client import Client, together
from tests.live.conftest import Database, StartServer
from tests.live.server import Server

pytestmark = pytest.mark.attacks

#: Characters of a signature, and how many there are of them.
LARGE, ROWS = 10_000_000, 12
#: The same of the largest that a body brings, and clients who read them at once.
LARGEST, CLIENTS = 30_000_000, 8
#: Largest resident memory of a worker that lists them, MB: 963 before rows were counted in bytes.
MEMORY = 200

HEADS = """
INSERT INTO signatures (document, thread, version, created_at, updated_at)
WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {rows})
SELECT 'confidential-code-' || n, :thread, :version, '2025-06-01 12:00:00.000000',
    '2025-06-01 12:00:00.000000'
FROM series
"""
VERSIONS = """
INSERT INTO versions (signature_id, version, cms, tags, created_at, signature_size)
WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {versions})
SELECT id, n, :cms, '[]', created_at, length(:cms) * 3 / 4
FROM signatures, series WHERE thread = :thread
"""
SIGNERS = """
INSERT INTO signers (signature_id, version, number, digest_algorithm, facts)
WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < 256)
SELECT id, version, n, '2.16.840.1.101.3.4.2.1', :facts
FROM signatures, series WHERE thread = :thread
"""


@pytest.fixture(scope="module")
def server(start_server: StartServer, database: Database) -> Server:
    """A server of one worker."""
    return start_server(database.url, WEB_CONCURRENCY="1", WEB_THREADS="4")


@pytest.fixture(scope="module", autouse=True)
def _filled(server: Server, database: Database) -> None:
    assert server.process is not None  # It has made the tables.
    cms = "MII/" * (LARGE // 4)
    for thread, rows, versions in (("large", ROWS, 1), ("versions", 1, ROWS)):
        database.execute(HEADS.format(rows=rows), thread=thread, version=versions)
        database.execute(VERSIONS.format(versions=versions), thread=thread, cms=cms)
    database.execute(HEADS.format(rows=2), thread="largest", version=2)
    largest = "MII/" * (LARGEST // 4)
    database.execute(VERSIONS.format(versions=2), thread="largest", cms=largest)
    database.execute(HEADS.format(rows=300), thread="signed", version=1)
    database.execute(VERSIONS.format(versions=1), thread="signed", cms="MII=")
    facts = '{"claimed": {"name": "' + "x" * 2000 + '"}}'
    database.execute(SIGNERS, thread="signed", facts=facts)


@contextmanager
def streamed(client: Client, path: str, **query: str | int) -> Iterator[Iterator[bytes]]:
    """Give the bytes of an answer as they come."""
    with client.session.get(
        f"{client.address}{path}", params=query, timeout=60, stream=True
    ) as answer:
        assert answer.status_code == 200
        yield answer.iter_content(1024 * 1024)


@pytest.mark.parametrize(
    ("path", "query", "size"),
    [
        ("/signatures", {"thread": "large", "limit": 20}, ROWS * 2 * LARGE),
        ("/signatures", {"thread": "large"}, ROWS * 2 * LARGE),
        (
            "/signature/versions",
            {"document": "confidential-code-1", "thread": "versions"},
            ROWS * 2 * LARGE,
        ),
        ("/signature", {"document": "confidential-code-1", "thread": "versions"}, 2 * LARGE),
        ("/signatures", {"thread": "signed", "with": "signers"}, 300 * 256 * 2000),
        ("/signatures", {"thread": "signed", "with": "signers", "limit": 200}, 200 * 256 * 2000),
    ],
)
def test_large_rows_are_held_one_at_a_time(
    client: Client, server: Server, path: str, query: dict[str, str | int], size: int
) -> None:
    got, tail = 0, b""
    with streamed(client, path, **query) as chunks:
        for chunk in chunks:
            got += len(chunk)
            tail = (tail + chunk)[-3:]
    assert tail.endswith(b"}}")
    assert size < got < 1.1 * size + 100_000
    assert server.peak_memory() < MEMORY


def test_the_largest_rows_are_held_one_at_a_time_whoever_reads(server: Server) -> None:
    paths: list[tuple[str, dict[str, str | int], int]] = [
        ("/signatures", {"thread": "largest"}, 2),
        ("/signatures", {"thread": "largest", "limit": 2}, 2),
        ("/signature/versions", {"document": "confidential-code-1", "thread": "largest"}, 2),
        ("/signature", {"document": "confidential-code-2", "thread": "largest"}, 1),
    ]

    def read(client: Client, index: int) -> tuple[int, int]:
        path, query, rows = paths[index % len(paths)]
        with streamed(client, path, **query) as chunks:
            return sum(map(len, chunks)), rows

    for got, rows in together(server.address, CLIENTS, read):
        assert 2 * rows * LARGEST < got < 2.1 * rows * LARGEST
    assert server.peak_memory() < MEMORY
