"""How the workers share out those who call."""

from __future__ import annotations

import http.client
import time
from contextlib import ExitStack, closing
from pathlib import Path

from tests.live.conftest import StartServer
from tests.live.server import PATIENCE, Server, accepting_processes, wait_until

ASKED = 20
#: Seconds between them, for which no request may be left waiting.
PAUSE = 0.1
#: A body, and what of it comes at once.
LENGTH, BEGINNING = 1000, b"the beginning"
#: A request without an answer after so many seconds waits for another one to end.
AT_ONCE = 2.0


def begin_a_long_request(connection: http.client.HTTPConnection) -> None:
    connection.putrequest("POST", "/signature")
    connection.putheader("Content-Length", str(LENGTH))
    connection.endheaders(BEGINNING)


def is_answered(server: Server) -> bool:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=AT_ONCE)) as client:
        client.request("GET", "/health/live", headers={"Connection": "close"})
        try:
            return client.getresponse().status == 200
        except TimeoutError:
            return False


def start_two_workers(start_server: StartServer, folder: Path, *, threads: int) -> Server:
    url = f"sqlite:///{folder / 'store.sqlite3'}"
    server = start_server(url, WEB_CONCURRENCY="2", WEB_THREADS=str(threads))
    assert server.process
    group = server.process.pid
    wait_until(lambda: len(accepting_processes(group)) == 2, "both workers accept")
    return server


def test_a_worker_whose_threads_are_at_work_leaves_clients_to_one_who_has_time(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_two_workers(start_server, tmp_path, threads=1)
    answered = 0
    with closing(http.client.HTTPConnection("127.0.0.1", server.port)) as long:
        begin_a_long_request(long)
        for _ in range(ASKED):
            time.sleep(PAUSE)
            answered += is_answered(server)
    # Not all: a machine may be too busy to wake the other one in time. By chance it would be half.
    assert answered >= ASKED - 2


def test_a_stop_loses_no_one_who_came_while_all_threads_were_at_work(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_two_workers(start_server, tmp_path, threads=2)
    with ExitStack() as stack:

        def connect() -> http.client.HTTPConnection:
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
            return stack.enter_context(closing(connection))

        long = [connect() for _ in range(4)]
        for connection in long:
            begin_a_long_request(connection)
        time.sleep(0.05)
        others = [connect() for _ in range(ASKED)]
        for connection in others:
            connection.request("GET", "/health/live")
        time.sleep(0.02)
        server.tell_to_stop()
        for connection in long:
            connection.send(b" " * (LENGTH - len(BEGINNING)))
        assert {connection.getresponse().status for connection in long} == {400}
        assert {connection.getresponse().status for connection in others} == {200}
