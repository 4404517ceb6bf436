"""Searches that take long, and the requests of others meanwhile."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.live.client import Client, together
from tests.live.conftest import Database, StartServer
from tests.live.server import wait_until

pytestmark = pytest.mark.attacks

#: Clients that search at once, of a worker that has 4 threads.
SEARCHERS = 12


def test_searches_that_take_long_leave_threads_to_others(
    start_server: StartServer, postgres_database: Database
) -> None:
    """All threads were at searches; a read waited until these had ended."""
    server = start_server(postgres_database.url, WEB_CONCURRENCY="1", WEB_THREADS="4")
    with Client(server.address) as client, ThreadPoolExecutor(SEARCHERS) as pool:
        client.saved("read meanwhile")
        with psycopg.connect(postgres_database.url.replace("+psycopg", "")) as holder:
            holder.execute("LOCK TABLE signature_terms IN ACCESS EXCLUSIVE MODE")

            def search(_number: int) -> int:
                with Client(server.address) as one:
                    return one.get("/signatures", iin="900101300017", limit=5).status_code

            searches = pool.map(search, range(SEARCHERS))
            waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            wait_until(lambda: len(postgres_database.execute(waiting)) >= 4, "searches wait", 10)
            time.sleep(2)

            def read(one: Client, _number: int) -> float:
                began = time.monotonic()
                for _ in range(10):
                    assert one.read("read meanwhile").status_code == 200
                return time.monotonic() - began

            assert max(together(server.address, 4, read)) < 5
            assert len(postgres_database.execute(waiting)) <= 5
        assert set(searches) <= {200, 503}
