"""Rows that are large: a worker holds pieces of them, whatever list they are in."""

from __future__ import annotations

import json
import select
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.client import HTTPResponse

import pytest

from app.store.signatures.weighing import PAGE_ROWS, SMALL
from tests.api import people
from tests.live.client import Client, together
from tests.live.conftest import Database, StartServer
from tests.live.server import CODE, Server, wait_until

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
INSERT INTO signers (signature_id, version, number, digest_algorithm, facts, claimed_iin)
WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < 256)
SELECT id, version, n, '2.16.840.1.101.3.4.2.1', :facts, CAST(id * 1000 + n AS TEXT)
FROM signatures, series WHERE thread = :thread
"""


@pytest.fixture(scope="module")
def server(start_server: StartServer, database: Database) -> Server:
    """A server of one worker."""
    return start_server(database.url, WEB_CONCURRENCY="1", WEB_THREADS="4", WEB_READ_TIMEOUT="600")


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
    database.execute(HEADS.format(rows=PAGE_ROWS), thread="wide", version=1)
    wide = "A" * (SMALL - 1000) + "\N{GRINNING FACE}"
    database.execute(VERSIONS.format(versions=1), thread="wide", cms=wide)
    database.execute(HEADS.format(rows=PAGE_ROWS), thread="package", version=1)
    database.execute(VERSIONS.format(versions=1), thread="package", cms="MII=")
    few = '{"claimed": {"name": "X", "given_name": null, "surname": null, "email": null}}'
    database.execute(SIGNERS, thread="package", facts=few)
    database.execute(HEADS.format(rows=PAGE_ROWS), thread="escaped", version=1)
    database.execute(VERSIONS.format(versions=1), thread="escaped", cms="\1" * 10_000)
    facts = '{"claimed": {"name": "' + "x" * 2000 + '"}}'
    database.execute(SIGNERS, thread="signed", facts=facts)
    # Of before names were cut: a certificate of 16 KB is sent once, and was kept for each signer.
    database.execute(HEADS.format(rows=1), thread="named", version=ROWS)
    database.execute(VERSIONS.format(versions=ROWS), thread="named", cms="MII=")
    organisation = "x" * 15_200 + "\N{GRINNING FACE}"
    claimed = {"iin": None, "bin": None, "name": "N", "organisation": organisation}
    named = {"claimed": claimed, "certificate": {"sha256": "0" * 64, "subject": "N"}}
    database.execute(SIGNERS, thread="named", facts=json.dumps(named, ensure_ascii=False))


@contextmanager
def streamed(client: Client, path: str, **query: str | int) -> Iterator[Iterator[bytes]]:
    """Yield the bytes of an answer as they come."""
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
def test_large_rows_are_held_in_pieces(
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


def test_the_largest_rows_are_read_in_pieces_at_every_address(server: Server) -> None:
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


@pytest.mark.parametrize("more", [{}, {"with": "evidence"}], ids=["rows", "evidence"])
def test_lists_of_rows_that_are_nearly_large_are_read_in_portions_at_every_address(
    server: Server, more: dict[str, str | int]
) -> None:
    """Of wide letters each takes four bytes in memory; each client asked for 38 MB of them."""
    list_of_wide: dict[str, str | int] = {"thread": "wide", "limit": PAGE_ROWS, **more}

    def read(client: Client, _index: int) -> int:
        with streamed(client, "/signatures", **list_of_wide) as chunks:
            return sum(map(len, chunks))

    sizes = together(server.address, 30, read)
    assert min(sizes) > 2 * PAGE_ROWS * (SMALL - 1000)
    assert server.peak_memory() < MEMORY


@pytest.mark.parametrize(
    ("path", "query", "size"),
    [
        ("/signature/versions", {"document": "confidential-code-1", "diff": "1"}, 500),
        ("/signature/versions", {"document": "confidential-code-1", "with": "signers"}, 15_200),
        ("/signatures", {"with": "signers"}, 15_200),
    ],
)
def test_long_names_of_many_signers_are_read_by_few_at_a_time(
    server: Server, path: str, query: dict[str, str | int], size: int
) -> None:
    """Each version has 4 MB of facts, 16 MB in memory; it had 340 for ten who compare versions."""

    def read(client: Client, _index: int) -> int:
        with streamed(client, path, thread="named", **query) as chunks:
            return sum(map(len, chunks))

    began = server.peak_memory(anew=True)
    assert min(together(server.address, 10, read)) > 256 * size
    assert server.peak_memory() - began < 100


def test_external_data_of_many_packages_is_reported_as_it_is_fetched(
    client: Client, server: Server
) -> None:
    """As objects 64 KB of lists took 1.5 MB: 8 who list 100 such packages, 658."""
    package = {
        "name": "n",
        "type": "concurrent",
        "externalData": {"a": [[]] * 21_800},
        "documents": [{"externalId": "confidential-code-x"}],
        "signers": [{"iin": "900101300017"}],
    }
    for _ in range(100):
        answer = client.session.post(f"{client.address}/packages/add", json=package, timeout=60)
        assert answer.status_code == 200

    def read(client: Client, _index: int) -> int:
        asked = {"take": 100}
        answer = client.session.post(f"{client.address}/packages/list", json=asked, timeout=60)
        items = answer.json()["items"]
        assert items[0]["externalData"] == package["externalData"]
        return len(items)

    began = server.peak_memory(anew=True)
    assert together(server.address, CLIENTS, read) == [100] * CLIENTS
    assert server.peak_memory() - began < 100


def test_large_packages_are_looked_together_one_of_few_at_a_time(server: Server) -> None:
    """Each has 200 documents of 256 signers, who are all different."""

    def read(client: Client, _index: int) -> int:
        with streamed(client, "/packages/package/status") as chunks:
            return sum(map(len, chunks))

    sizes = together(server.address, 20, read)
    assert min(sizes) > PAGE_ROWS * 256 * 50
    # Two at a time; it had 971 when all of them waited with theirs in hand.
    assert server.peak_memory() < MEMORY + 60


def test_what_json_escapes_is_large_too(client: Client, server: Server) -> None:
    """Lists of 2 MB in memory, of which 24 MB are written, wait for places as others do."""
    client.saved("plain")
    with ExitStack() as stack:
        slow = [ask(stack, server, "/signatures?thread=escaped&limit=200") for _ in range(6)]
        wait_until(lambda: sum(map(has_begun, slow)) == 2, "two are sent")
        for _ in range(20):
            assert client.read("plain").status_code == 200
        assert sum(map(has_begun, slow)) == 2


def test_small_answers_don_t_wait_for_large_ones(client: Client, server: Server) -> None:
    """Six clients take nothing of lists of 60 MB and more, until another one was answered."""
    client.saved("small")
    with ExitStack() as stack:
        slow = [ask(stack, server, "/signatures?thread=largest&limit=2") for _ in range(6)]
        # Two are being sent, which is as much as waits for a client; the others wait for that.
        wait_until(lambda: sum(map(has_begun, slow)) == 2, "two are sent")
        for _ in range(20):
            assert client.read("small").status_code == 200
        assert sum(map(has_begun, slow)) == 2
        with ThreadPoolExecutor(len(slow)) as pool:
            sizes = list(pool.map(size_of, slow))
    assert min(sizes) > 4 * LARGEST


def ask(stack: ExitStack, server: Server, path: str) -> socket.socket:
    """Send a request, and take nothing of its answer."""
    one = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=60))
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    one.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return one


def has_begun(one: socket.socket) -> bool:
    """Return whether anything of an answer is there."""
    asked = select.poll()
    asked.register(one, select.POLLIN)
    return bool(asked.poll(0))


def size_of(one: socket.socket) -> int:
    """Read an answer to its end, which it says; return its size."""
    response = HTTPResponse(one)
    response.begin()
    assert response.status == 200
    size = 0
    while piece := response.read(1024 * 1024):
        size += len(piece)
    return size


def test_large_signatures_are_verified_and_opened_one_at_a_time(
    start_server: StartServer, fresh_database: Database
) -> None:
    server = start_server(fresh_database.url, WEB_CONCURRENCY="1", WEB_THREADS="4")
    with Client(server.address) as client:
        client.saved("large", cms=people.cms(people.ivan(), content=bytes(20_000_000)))
        public_id = client.read("large", **{"with": "public_id", "without": "cms"}).json()
    name = public_id["content"]["signature"]["public_id"]
    paths = [f"/v1/signatures/{name}", "/signature/verify", "/signature"]

    def read(client: Client, index: int) -> tuple[str, int]:
        path = paths[index % len(paths)]
        with client.session.get(
            f"{client.address}{path}",
            params={"document": f"{CODE}large", "thread": "story"},
            headers={"Accept": "application/octet-stream, */*;q=0.5"},
            timeout=120,
            stream=True,
        ) as answer:
            assert answer.status_code == 200
            return path, sum(map(len, answer.iter_content(1024 * 1024)))

    began = server.peak_memory(anew=True)
    for path, size in together(server.address, CLIENTS, read):
        assert size > {paths[0]: 20_000_000, paths[1]: 0, paths[2]: 2 * 26_000_000}[path]
    assert server.peak_memory() - began < MEMORY
