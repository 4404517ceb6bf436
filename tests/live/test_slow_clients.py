"""Clients that are slow, or say nothing, hold no thread: others are served meanwhile."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import requests

from tests.live.client import Client, together
from tests.live.conftest import StartServer
from tests.live.server import PATIENCE, Server, processes_of_group, wait_until

#: Seconds in which a server answers that has nothing else to do: half of that, but for machines
#: that are busy otherwise; and so many times what it took just before, where they are busier still.
AT_ONCE, SLOWER = 2.0, 10
#: Clients that are slow are let go by none of these: a thread that one holds is held for good.
FOR_EVER = {
    "WEB_HEAD_TIMEOUT": "3600",
    "WEB_BODY_TIMEOUT": "3600",
    "WEB_READ_TIMEOUT": "3600",
    "WEB_ANSWER_TIMEOUT": "3600",
}
SILENT = DRIPPING = 200
READING = 50
HEAD = b"POST /signature HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n"


@pytest.fixture(name="server")
def slow_server(start_server: StartServer, tmp_path: Path) -> Server:
    """Start a server of two workers with four threads each, as a small machine has it."""
    url = f"sqlite:///{tmp_path / 'store.sqlite3'}"
    settings = {"WEB_CONCURRENCY": "2", "WEB_THREADS": "4", "CMS_VALIDATION": "off"}
    return start_server(url, **settings, **FOR_EVER)


def connect(stack: ExitStack, server: Server) -> socket.socket:
    return stack.enter_context(
        socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
    )


def read_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def slowest(server: Server, name: str) -> float:
    """See that health, reads and saves are answered; return the most seconds that one took."""
    taken = []
    for _ in range(5):
        began = time.monotonic()
        with requests.Session() as session:
            assert session.get(server.address + "/health/live", timeout=PATIENCE).status_code == 200
        taken.append(time.monotonic() - began)
    with Client(server.address) as client:
        began = time.monotonic()
        client.saved(name)
        assert client.read(name).status_code == 200
        taken.append((time.monotonic() - began) / 2)
    return max(taken)


def assert_served(server: Server, name: str, alone: float) -> None:
    """See that others are answered in time: `alone` is what it took without slow clients."""
    assert slowest(server, name) < max(AT_ONCE, SLOWER * alone)


def rested(server: Server) -> Callable[[], bool]:
    """Return a function: have the workers computed next to nothing since its last call?"""
    spent = [0.0, time.monotonic()]

    def is_at_rest() -> bool:
        time.sleep(0.5)
        now = sum(map(seconds_of_cpu, server.workers())), time.monotonic()
        share = (now[0] - spent[0]) / (now[1] - spent[1])
        spent[:] = now
        return share < 0.2

    return is_at_rest


def seconds_of_cpu(process: int) -> float:
    """Return what a process has computed so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_silent_clients_hold_no_thread(server: Server) -> None:
    alone = slowest(server, "alone")
    with ExitStack() as stack:
        for _ in range(SILENT):
            connect(stack, server)
        assert_served(server, "silent", alone)


def test_one_address_does_not_take_all_connections(
    start_server: StartServer, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'store.sqlite3'}"
    server = start_server(url, WEB_CONCURRENCY="1", CMS_VALIDATION="off", **FOR_EVER)
    alone = slowest(server, "alone")
    with ExitStack() as stack:
        many = [connect(stack, server) for _ in range(700)]
        for one in many:
            one.setblocking(False)
        # Nothing else than their number lets them go, when the server comes to accept them.
        wait_until(lambda: sum(map(is_closed, many)) >= 150, "many are let go")
        assert_served(server, "many", alone)
        assert sum(map(is_closed, many)) < 700


def is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


@pytest.mark.parametrize(
    "beginning", [b"GET / HTTP/1.1\r\nX-", HEAD + b"\r\n"], ids=["head", "body"]
)
def test_clients_that_drip_hold_no_thread(server: Server, beginning: bytes) -> None:
    stopped = threading.Event()
    alone = slowest(server, "alone")

    def drip(sockets: list[socket.socket]) -> None:
        while not stopped.wait(0.2):
            for one in sockets:
                with suppress(OSError):
                    one.send(b"a")

    with ExitStack() as stack:
        sockets = [connect(stack, server) for _ in range(DRIPPING)]
        for one in sockets:
            one.sendall(beginning)
        thread = threading.Thread(target=drip, args=(sockets,))
        thread.start()
        try:
            assert_served(server, "dripping", alone)
        finally:
            stopped.set()
            thread.join()


def test_bodies_that_are_announced_take_no_room_of_others(server: Server) -> None:
    """Clients announce 4.5 GB, for which no worker has room, and send a byte of it each."""
    head = HEAD.replace(b"100000", b"30000000") + b"\r\n{"
    with ExitStack() as stack:
        for _ in range(150):
            connect(stack, server).sendall(head)
        with Client(server.address) as client:
            client.saved("announced")
            # A body is refused beforehand where there is no room for it.
            client.saved("large", cms="A" * 28_000_000)


def test_a_head_and_a_body_have_a_deadline(start_server: StartServer, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.sqlite3'}"
    server = start_server(url, WEB_HEAD_TIMEOUT="1", WEB_BODY_TIMEOUT="2")
    for beginning, seconds in ((b"GET / HTTP/1.1\r\nX-", 1), (HEAD + b"\r\n", 2)):
        with ExitStack() as stack:
            one = connect(stack, server)
            one.sendall(beginning)
            began = time.monotonic()
            answer = b""
            while not answer:
                with suppress(TimeoutError):
                    one.settimeout(0.2)
                    answer = one.recv(65536)
                with suppress(OSError):
                    one.send(b"a")
            assert answer[9:12] == b"408"
            assert seconds - 0.5 < time.monotonic() - began < seconds + 4
    with ExitStack() as stack:  # One that says nothing at all is let go.
        silent = connect(stack, server)
        assert silent.recv(1) == b""


def test_clients_that_read_slowly_hold_no_thread(server: Server) -> None:
    with Client(server.address) as client:
        for number in range(8):
            client.saved(f"large {number}", cms="a" * 1_000_000)
    alone = slowest(server, "alone")
    with ExitStack() as stack:
        for _ in range(READING):
            one = connect(stack, server)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.sendall(b"GET /signatures HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        # What it can hand out it first has to compute, however long that takes here.
        wait_until(rested(server), "the server waits for its clients")
        assert_served(server, "reading", alone)


def test_a_slow_reader_is_let_go(start_server: StartServer, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.sqlite3'}"
    server = start_server(
        url, CMS_VALIDATION="off", WEB_READ_TIMEOUT="1", WEB_CONCURRENCY="1", WEB_THREADS="4"
    )
    with Client(server.address) as client:
        for number in range(40):
            client.saved(f"large {number}", cms="a" * 1_000_000)
    with ExitStack() as stack:
        one = connect(stack, server)
        one.sendall(b"GET /signatures HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        time.sleep(4)
        received = 0
        with suppress(ConnectionError):
            while data := one.recv(1 << 20):
                received += len(data)
        assert received < 80_000_000  # The list has two keys with a megabyte for each thread.


@pytest.mark.parametrize("times", [1, 2])
def test_a_client_that_is_still_sending_reads_its_answer(server: Server, times: int) -> None:
    """A body too large is refused at once; the client may send all of it before it reads."""
    size = times * 30 * 1024 * 1024 + (times == 1)
    for _ in range(10):
        with ExitStack() as stack:
            one = connect(stack, server)
            one.sendall(
                b"POST /signature HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % size
            )
            piece = b"a" * (1 << 20)
            for _ in range(size >> 20):
                one.sendall(piece)
            one.sendall(piece[: size % (1 << 20)])
            answer = read_all(one)
            assert answer[9:12] == b"413"
            assert b"Connection: close" in answer


def test_workers_end_with_their_master(server: Server) -> None:
    assert server.process is not None
    workers, group = server.workers(), server.process.pid
    with ExitStack() as stack:
        connect(stack, server).sendall(HEAD + b"\r\n")
        os.kill(server.process.pid, signal.SIGKILL)
        began = time.monotonic()
        wait_until(lambda: not set(workers) & set(processes_of_group(group)), "they are gone")
        assert time.monotonic() - began < 2.5
    server.process.wait(PATIENCE)
    wait_until(lambda: is_free(server.port), "the port is free")
    server.process = None


@pytest.mark.parametrize("signalled", ["master", "worker"])
def test_workers_that_wait_for_slow_clients_end_with_their_master(
    server: Server, signalled: str
) -> None:
    """They were asked to stop before, and would answer who has begun to send."""
    assert server.process is not None
    master = server.process.pid
    with ExitStack() as stack:
        for _ in range(6):
            connect(stack, server).sendall(HEAD + b"\r\n{")
        time.sleep(0.5)
        asked = server.workers()
        os.kill(master if signalled == "master" else asked[0], signal.SIGTERM)
        time.sleep(1.5)
        assert set(asked) & set(processes_of_group(master))
        os.kill(master, signal.SIGKILL)
        began = time.monotonic()
        wait_until(lambda: set(processes_of_group(master)) <= {master}, "they are gone")
        assert time.monotonic() - began < 2.5
        server.process.wait(PATIENCE)
        wait_until(lambda: is_free(server.port), "the port is free", 2.5)
    server.process = None


def is_free(port: int) -> bool:
    """Return whether a server could listen; for a moment a connection may have the port."""
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            again.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def test_a_crowd_is_served_by_all_workers(server: Server) -> None:
    def ask(client: Client, _index: int) -> int:
        return sum(client.get("/health/live").status_code == 200 for _ in range(20))

    assert together(server.address, 16, ask) == [20] * 16
