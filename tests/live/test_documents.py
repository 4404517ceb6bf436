"""Large documents over a real socket: a worker holds pieces of them."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from hashlib import sha256

import pytest

from tests.api import people
from tests.live.conftest import Database, StartServer
from tests.live.server import Server

pytestmark = pytest.mark.attacks

#: Bytes of a document, and how many are sent and read at once.
SIZE, AT_ONCE = 90 * 1024 * 1024, 2
#: Largest resident memory of the worker, MB; what is mapped to be hashed counts, too.
MEMORY = 200
PIECE = bytes(range(256)) * 4096


@pytest.fixture(scope="module", name="server")
def start(start_server: StartServer, database: Database) -> Server:
    return start_server(
        database.url, WEB_CONCURRENCY="1", WEB_THREADS="8", KEEP_CONTENT="on", CPU_LIMIT="off"
    )


def parts() -> Iterator[bytes]:
    """Return a document in pieces."""
    return (PIECE for _ in range(SIZE // len(PIECE)))


def send(server: Server, document: str, cms: str) -> int:
    """Save a signature with the document, and return the status."""
    fields = {"document": document, "thread": "main", "cms": cms}
    head = "".join(
        f'--limit\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    head += '--limit\r\nContent-Disposition: form-data; name="data"; filename="a.bin"\r\n\r\n'
    tail = b"\r\n--limit--\r\n"
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)) as client:
        client.putrequest("POST", "/signature")
        client.putheader("Content-Type", "multipart/form-data; boundary=limit")
        client.putheader("Content-Length", str(len(head) + SIZE + len(tail)))
        client.endheaders(head.encode())
        for piece in parts():
            client.send(piece)
        client.send(tail)
        with client.getresponse() as answer:
            return answer.status


def fetch(server: Server, document: str) -> str:
    """Read the document of a version, and return its SHA-256."""
    digest = sha256()
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)) as client:
        client.request("GET", f"/signature/content?document={document}&thread=main")
        with client.getresponse() as answer:
            assert answer.status == 200
            while piece := answer.read(65_536):
                digest.update(piece)
    return digest.hexdigest()


def test_large_documents_come_and_go_in_pieces(server: Server) -> None:
    content = PIECE * (SIZE // len(PIECE))
    cms, digest = people.cms(people.ivan(), content=content, attached=False), sha256(content)
    del content
    server.peak_memory(anew=True)
    names = [f"doc-{number}" for number in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert list(pool.map(lambda name: send(server, name, cms), names)) == [201] * AT_ONCE
        saved = server.peak_memory()
        found = set(pool.map(lambda name: fetch(server, name), names))
    assert found == {digest.hexdigest()}
    assert max(saved, server.peak_memory()) < MEMORY, (saved, server.peak_memory())
