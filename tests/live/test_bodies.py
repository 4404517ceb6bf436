"""Bodies that are too large, broken, or never come, over a real socket."""

from __future__ import annotations

import http.client
import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlencode

import pytest

from tests.live.client import Client, signature
from tests.live.conftest import StartServer
from tests.live.server import CODE, Server

#: Threads of the one worker.
THREADS = 4
LIMIT = 1024 * 1024
#: Seconds in which an answer that needs no work must come.
AT_ONCE = 4.0


@pytest.fixture(scope="module")
def server(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> Server:
    file = tmp_path_factory.mktemp("data") / "store.sqlite3"
    return start_server(
        f"sqlite:///{file}", WEB_CONCURRENCY="1", WEB_THREADS=str(THREADS), MAX_BODY_MB="1"
    )


@contextmanager
def connected(server: Server) -> Iterator[http.client.HTTPConnection]:
    """A connection on which a test sends what it likes; waits for an answer as long as AT_ONCE."""
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=AT_ONCE)) as one:
        yield one


def assert_too_large(connection: http.client.HTTPConnection) -> None:
    with connection.getresponse() as answer:
        assert answer.status == 413
        body = json.loads(answer.read())
    assert list(body) == ["status", "message", "content"]
    assert (body["status"], body["content"]) == (False, None)


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
def test_a_body_that_is_announced_too_large_is_refused_before_it_comes(
    server: Server, method: str
) -> None:
    with connected(server) as connection:
        connection.putrequest(method, "/signature")
        connection.putheader("Content-Length", str(100 * 1024**3))
        connection.endheaders(b'{"document": "only the beg')
        assert_too_large(connection)


def test_a_chunked_body_is_refused_as_soon_as_it_is_too_large(server: Server) -> None:
    chunk = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
    with connected(server) as connection:
        connection.putrequest("POST", "/signature")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        for _ in range(LIMIT // 0x10000 + 1):
            connection.send(chunk)
        assert_too_large(connection)  # although the last chunk never came


@pytest.mark.parametrize("size", [1, 64, 65536])
def test_framing_is_no_part_of_a_body(server: Server, size: int) -> None:
    """RFC 9112 section 7.1: chunks carry a body, which is as long as their content."""
    length = LIMIT if size > 1 else 1000
    chunks = (b"%x\r\n%b\r\n" % (size, b"a" * size)) * (length // size)
    request = b"POST /nowhere HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n%b0\r\n\r\n" % chunks
    assert talk(server, request)[9:12] == b"404"


@pytest.mark.parametrize(
    "piece",
    [b"1;" + b"a" * 2000, b"1" * 2000, b"0\r\n" + b"a: b\r\n" * 20_000],
    ids=["extension", "size", "trailer"],
)
def test_framing_has_bounds(server: Server, piece: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=AT_ONCE) as one:
        one.sendall(b"POST /signature HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + piece)
        assert one.recv(65536)[9:12] == b"400"  # although none of them came to an end


@pytest.mark.attacks
@pytest.mark.parametrize("size", [1, 5, 16, 32])
def test_small_chunks_are_no_way_to_keep_a_worker_busy(server: Server, size: int) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=AT_ONCE) as one:
        one.sendall(b"POST /signature HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        one.sendall((b"%x\r\n%b\r\n" % (size, b"a" * size)) * 6000)
        assert one.recv(65536)[9:12] == b"400"


def test_framing_is_no_way_around_the_limit(server: Server) -> None:
    chunk = b"1;%b\r\na\r\n" % (b"b" * 1000)
    with socket.create_connection(("127.0.0.1", server.port), timeout=AT_ONCE) as one:
        one.sendall(b"POST /signature HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        one.sendall(chunk * (2 * LIMIT // len(chunk)))
        assert one.recv(65536)[9:12] == b"400"


@pytest.mark.parametrize(
    ("length", "status"),
    [(str(100 * 1024**3), b"413"), ("many", b"400"), ("0", b"400")],
    ids=["too large", "no number", "nothing"],
)
def test_a_client_that_waits_gets_100_continue_only_if_its_body_is_accepted(
    server: Server, length: str, status: bytes
) -> None:
    """RFC 9110 section 10.1.1: a final answer comes in place of `100 Continue`."""
    head = f"POST /signature HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=AT_ONCE) as one:
        one.sendall(head.encode())
        assert one.recv(65536)[9:12] == status


def test_a_client_that_waits_gets_100_continue(server: Server) -> None:
    head = b"POST /nowhere HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=AT_ONCE) as one:
        one.sendall(head)
        assert one.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        one.sendall(b"{}")
        assert one.recv(65536)[9:12] == b"404"


def test_a_refused_body_that_never_comes_gives_its_thread_back(
    server: Server, client: Client
) -> None:
    waiting = []
    try:
        for _ in range(THREADS):
            waiting.append(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30))
            waiting[-1].putrequest("POST", "/signature")
            waiting[-1].putheader("Content-Length", str(100 * 1024**3))
            waiting[-1].endheaders(b"{")
        began = time.monotonic()
        assert client.get("/health/ready").status_code == 200
        assert time.monotonic() - began < 15  # gunicorn waits 5 s for the rest
    finally:
        for connection in waiting:
            connection.close()


FORM = b"POST /signature HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"


@pytest.mark.parametrize("framing", ["Content-Length", "chunked"])
def test_a_body_whose_end_never_came_is_not_saved(
    server: Server, client: Client, framing: str
) -> None:
    body = urlencode({
        "document": f"{CODE}cut {framing}", "thread": "story", "cms": signature(),
        "version_comment": "all that was sent befo",
    }).encode()  # fmt: skip
    if framing == "chunked":
        request = FORM + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (len(body), body)
    else:
        request = FORM + b"Content-Length: %d\r\n\r\n%b" % (len(body) + 10, body)
    assert talk(server, request)[:12] != b"HTTP/1.1 201"
    assert client.read(f"cut {framing}").status_code == 404


def test_a_chunked_form_is_not_cut_at_the_limit(server: Server, client: Client) -> None:
    body = urlencode({"document": f"{CODE}long form", "thread": "story", "cms": signature()})
    padded = body.encode() + b"&padding=" + b"a" * LIMIT
    request = FORM + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"
    assert talk(server, request % (len(padded), padded))[:12] == b"HTTP/1.1 413"
    assert client.read("long form").status_code == 404


def test_the_largest_body_that_is_allowed_is_read_whole(client: Client) -> None:
    answer = client.save("large", version_comment="a" * (LIMIT - 8000))
    assert answer.status_code == 400
    assert "version_comment" in answer.json()["message"]


def test_what_clients_do_wrong_leaves_no_traceback(client: Client, server: Server) -> None:
    """The log is also read at the end, for all tests of this file."""
    client.saved("mine", version_comment=f"{CODE}in a comment", tags=[f"{CODE}in a tag"])
    post = client.session.post
    address = server.address + "/signature"
    wrong = [
        client.save("mine"),
        client.save("mine", version=7),
        client.save("mine", cms="bm90IENNUw=="),
        client.save("mine", cms=signature()[:-1000]),
        client.save("mine", cms=CODE),
        client.save("m" * 256),
        client.save("mine\0"),
        client.save("mine", tags=[{}]),
        client.save("mine", version="many"),
        client.read("nobody's"),
        client.read("mine", version=9),
        client.delete("nobody's"),
        client.get("/signatures", limit=-1),
        client.get(f"/{CODE}"),
        client.get("/signature/versions", document=CODE, thread="none"),
        client.session.put(address, data=CODE, timeout=AT_ONCE),
        post(address, data=f'{{"document": "{CODE}', timeout=AT_ONCE),
        post(address, data=f'["{CODE}"]', timeout=AT_ONCE),
        post(address, data=b"\xff" + CODE.encode(), timeout=AT_ONCE),
        post(address, data=b"[" * 50_000, timeout=AT_ONCE),
    ]
    assert {answer.status_code for answer in wrong} == {400, 404, 405}
    assert all(answer.json()["status"] is False for answer in wrong)
    assert "Traceback" not in server.log
    assert CODE not in server.log


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"GET /signature?document=" + CODE.encode() + b"a" * 9000 + b" HTTP/1.1\r\n\r\n",
        b"POST /signature HTTP/1.1\r\nContent-Length: " + CODE.encode() + b"\r\n\r\n",
        b"POST /signature HTTP/1.1\r\nContent-Length: 100\r\n\r\n" + CODE.encode(),
        b"POST /signature HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n" + CODE.encode(),
        b"POST /signature HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n" + CODE.encode(),
        b"POST /signature HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 200 + b"\r\n",
    ],
    ids=["nonsense", "long line", "bad length", "cut", "bad chunk", "cut chunk", "huge chunk"],
)
def test_broken_http_is_the_clients_fault(server: Server, request_bytes: bytes) -> None:
    before = len(server.log)
    answer = talk(server, request_bytes)
    assert re.match(rb"HTTP/1\.[01] 4|$", answer)
    written = server.log[before:]
    assert "Traceback" not in written
    assert CODE not in written


@pytest.mark.parametrize("first", ["Content-Length: 5", "Transfer-Encoding: chunked"])
def test_a_request_whose_end_two_headers_state_ends_the_connection(
    server: Server, first: str
) -> None:
    """A proxy in front may take for its body what this server would take for a request."""
    fields = sorted(["Content-Length: 5", "Transfer-Encoding: chunked"], key=first.__ne__)
    head = "\r\n".join(["POST /signature HTTP/1.1", "Host: localhost", *fields, "", ""])
    answer = talk(server, f"{head}0\r\n\r\nGET /health/live HTTP/1.1\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/signature?document=договор".encode(), b"400"),
        (b"/signature?document=" + b"a" * 9000, b"400"),
        (b"/signature?document=" + b"a" * 140_000, b"431"),
        (b"/signature?document=a b c", b"400"),
    ],
    ids=["not encoded", "long", "too long", "blanks"],
)
def test_what_never_reaches_the_application_wears_the_envelope_too(
    server: Server, target: bytes, status: bytes
) -> None:
    before = len(server.log)
    answer = talk(server, b"GET " + target + CODE.encode() + b" HTTP/1.1\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head[:8] in {b"HTTP/1.0", b"HTTP/1.1"}
    assert head[9:12] == status
    assert b"application/json; charset=utf-8" in head
    assert b"\r\nCache-Control: private, no-store\r\n" in head
    assert b"Access-Control" not in head
    assert list(json.loads(body)) == ["status", "message", "content"]
    assert CODE not in server.log[before:]


def talk(server: Server, request_bytes: bytes) -> bytes:
    """Send bytes and say that no more will come; return all that is answered."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as one:
        one.sendall(request_bytes)
        one.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: one.recv(65536), b""))
