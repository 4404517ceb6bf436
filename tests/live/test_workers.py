"""How the workers share out those who call."""

from __future__ import annotations

import http.client
from contextlib import closing
from pathlib import Path

from tests.live.conftest import StartServer
from tests.live.server import Server, accepting_processes, wait_until

ASKED = 20
#: Who isn't answered in so many seconds waits for somebody else's request to end.
AT_ONCE = 2.0


def begin_a_long_request(connection: http.client.HTTPConnection) -> None:
    connection.putrequest("POST", "/signature")
    connection.putheader("Content-Length", "1000")
    connection.endheaders(b"the beginning")


def is_answered(server: Server) -> bool:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=AT_ONCE)) as client:
        client.request("GET", "/health/live", headers={"Connection": "close"})
        try:
            return client.getresponse().status == 200
        except TimeoutError:
            return False


def test_a_worker_whose_threads_are_at_work_leaves_a_client_to_one_who_has_time(
    start_server: StartServer, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'store.sqlite3'}"
    server = start_server(url, WEB_CONCURRENCY="2", WEB_THREADS="1")
    assert server.process
    group = server.process.pid
    wait_until(lambda: len(accepting_processes(group)) == 2, "both workers accept")
    with closing(http.client.HTTPConnection("127.0.0.1", server.port)) as long:
        begin_a_long_request(long)
        answered = [is_answered(server) for _ in range(ASKED)]
    # Not all: a machine may be too busy to wake the other one in time. By chance it would be half.
    assert answered.count(True) >= ASKED - 2
