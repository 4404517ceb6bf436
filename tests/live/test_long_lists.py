"""Lists of any length: streamed, whole, flat in memory, and left by their readers."""

from __future__ import annotations

import socket
import struct
import time
from pathlib import Path

import pytest

from tests.live.client import Client, signature
from tests.live.conftest import Database, StartServer
from tests.live.server import CODE, Server, wait_until

#: Threads of the one worker; its pool has two connections more.
THREADS = 4
#: Seconds in which a short answer must come.
AT_ONCE = 4.0
#: Largest resident memory of a worker that streams, MB; one that has done nothing has some 98.
MEMORY = 130

#: Runs on both databases.
FILL_HEADS = """
INSERT INTO signatures (document, thread, version, created_at, updated_at)
WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {rows})
SELECT :code || n, :thread, 1, '2025-06-01 12:00:00.000000', '2025-06-01 12:00:00.000000'
FROM series
"""
FILL_VERSIONS = """
INSERT INTO versions (signature_id, version, cms, tags, created_at)
SELECT id, 1, :cms, '["filled"]', created_at FROM signatures WHERE thread = :thread
"""


@pytest.fixture(scope="module")
def server(start_server: StartServer, database: Database) -> Server:
    """A server of one worker and little patience, so that what is used up is missed at once."""
    return start_server(
        database.url, WEB_CONCURRENCY="1", WEB_THREADS=str(THREADS), MAX_BODY_MB="1"
    )


def fill(database: Database, thread: str, rows: int) -> None:
    """Put `rows` documents into the tables, all in threads of that name."""
    database.execute(FILL_HEADS.format(rows=rows), code=CODE, thread=thread)
    database.execute(FILL_VERSIONS, cms=signature(), thread=thread)


def test_a_long_list_is_one_json_text_in_chunks(client: Client, database: Database) -> None:
    fill(database, "several", 3000)
    answer = client.get("/signatures", thread="several", count=1)
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in answer.headers
    body = answer.json()
    assert (body["status"], body["message"]) == (True, None)
    assert body["content"]["nb_results"] == len(body["content"]["signatures"]) == 3000
    ids = [row["id"] for row in body["content"]["signatures"]]
    assert ids == sorted(set(ids), reverse=True)
    assert {row["cms"] for row in body["content"]["signatures"]} == {signature()}


def test_a_usual_list_is_sent_without_a_file(
    client: Client, server: Server, database: Database
) -> None:
    """Writing each answer to a file first took longer than all else."""
    fill(database, "usual", 20)
    address = {"thread": "usual", "limit": 20}
    size = len(client.get("/signatures", **address).content)
    assert size > 100_000
    before = written_by(server)
    for _ in range(20):
        client.get("/signatures", **address)
    assert written_by(server) - before < size


def written_by(server: Server) -> int:
    """Return the bytes that the workers wrote, sockets excepted (proc(5))."""
    files = (Path(f"/proc/{worker}/io").read_text() for worker in server.workers())
    return sum(
        int(line.split()[1]) for file in files for line in file.splitlines() if "wchar" in line
    )


@pytest.mark.parametrize("abruptly", [False, True])
def test_clients_that_leave_in_the_middle_of_a_list_leave_nothing_behind(
    client: Client, server: Server, database: Database, abruptly: bool
) -> None:
    fill(database, f"left {abruptly}", 3000)
    for _ in range(4 * THREADS):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as leaving:
            leaving.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            leaving.sendall(b"GET /signatures HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert leaving.recv(15) == b"HTTP/1.1 200 OK"
            if abruptly:
                # Close with a reset instead of a farewell.
                leaving.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    for number in range(4 * THREADS):
        began = time.monotonic()
        assert client.save(f"after leaving {abruptly} {number}").status_code == 201
        assert client.get("/signatures", limit=1).status_code == 200
        assert time.monotonic() - began < AT_ONCE
    if database.kind == "postgresql":
        wait_until(lambda: not unfinished(database), "no transaction is left open", 5)


def unfinished(database: Database) -> list[tuple[object, ...]]:
    """Return the sessions of the server that are not idle."""
    return database.execute(
        "SELECT pid, state, query FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
        "AND datname = current_database() AND backend_type = 'client backend' "
        "AND state <> 'idle'"
    )


def test_a_list_of_any_length_needs_little_memory(
    client: Client, server: Server, database: Database
) -> None:
    fill(database, "all", 20_000)
    rows, size, tail = 0, 0, b""
    with client.session.get(
        f"{server.address}/signatures", params={"thread": "all"}, timeout=30, stream=True
    ) as answer:
        for chunk in answer.iter_content(1024 * 1024):
            size += len(chunk)
            rows += (tail + chunk).count(b'"parent":')
            tail = (tail + chunk)[-8:]  # one byte less than what is counted
    assert tail.endswith(b"]}}")
    assert rows == 20_000
    assert size > 20_000 * 2 * len(signature())
    assert server.peak_memory() < MEMORY


def test_lists_with_other_filters_each_leave_little_memory_behind(
    client: Client, server: Server
) -> None:
    """A worker kept a statement for each number of tags: 400 lists left 1.3 GB in it."""
    client.get("/signatures", limit=5)
    before = server.peak_memory(anew=True)
    for number in range(200, 100, -2):
        tags = {f"tags[{place}]": f"a{place}" for place in range(number)}
        for more in ({}, {"cursor": ""}, {"signed_from": "2020-01-01"}, {"without": "cms"}):
            assert client.get("/signatures", limit=5, **tags, **more).status_code == 200
    assert server.peak_memory() - before < 60
