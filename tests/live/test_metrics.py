"""What several workers count together, while some of them come and go."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from app.observability.metrics_queue import DELAY
from app.store.database.engine import OVERFLOW
from tests.live.client import Client
from tests.live.conftest import StartServer
from tests.live.server import Server, wait_until
from tests.observability.reading import Samples, samples

LIVE = "tanbahana_http_requests_total{method=GET,route=/health/live,status=200}"
COUNT = "tanbahana_http_request_duration_seconds_count{method=GET,route=/health/live}"
SAVES = "tanbahana_saves_total{format=cms,kind=first}"
IN_USE = "tanbahana_database_connections_in_use"
OPEN = "tanbahana_database_connections_open"
MOST = "tanbahana_database_connections_max"


@pytest.fixture(name="url")
def own_database(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('data') / 'store.sqlite3'}"


def reported(server: Server) -> Samples:
    """Ask one of the workers, whichever it is, when all have written down what they counted."""
    time.sleep(3 * DELAY)
    return samples(requests.get(server.address + "/metrics", timeout=20).text)


def ask(server: Server, times: int, path: str = "/health/live") -> None:
    """Ask by this many connections at once that every worker has its share."""

    def one(_number: int) -> None:
        answer = requests.get(server.address + path, timeout=20)
        assert answer.status_code == 200

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(one, range(times)))


def counting_places(folder: Path) -> set[str]:
    """Return the workers' places that have counted requests."""
    return {file.stem.partition("_")[2] for file in folder.rglob("histogram_*.db")}


def folders(server: Server) -> list[Path]:
    return list(Path(server.environment["TMPDIR"]).glob("tanbahana-metrics-*"))


def test_three_workers_are_counted_as_one_server(start_server: StartServer, url: str) -> None:
    server = start_server(url)
    (folder,) = folders(server)
    assert folder.stat().st_mode & 0o777 == 0o700

    def all_count() -> bool:
        ask(server, 60)
        return len(counting_places(folder)) == 3

    wait_until(all_count, "each has its share")

    before = reported(server)
    ask(server, 300)
    with Client(server.address) as client:
        for number in range(12):
            client.saved(f"sum-{number}")
    for _ in range(6):
        after = reported(server)
        assert after[LIVE] - before[LIVE] == 300
        assert after[COUNT] == after[LIVE]
        assert after[SAVES] == 12
        assert after[IN_USE] == 0
        assert 1 <= after[OPEN] <= after[MOST] <= 3 * (4 + OVERFLOW)
        assert after["tanbahana_build_info{version=1.0.0}"] == 1
    server.tell_to_stop()
    server.wait_until_stopped()
    assert folders(server) == []


def killed(server: Server, pids: Iterable[int], how: signal.Signals) -> None:
    """End workers, and wait until others are there instead of them."""
    gone = set(pids)
    for pid in gone:
        os.kill(pid, how)
    wait_until(
        lambda: not gone & set(server.workers()) and len(server.workers()) == 3, "new workers"
    )


def test_what_a_dead_worker_counted_stays_but_its_connections_go(
    start_server: StartServer, url: str
) -> None:
    server = start_server(url)
    (folder,) = folders(server)
    ask(server, 60)
    ask(server, 60, "/health/ready")
    before = reported(server)
    assert before[OPEN] >= 1
    for how in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
        server.saw_trouble = True  # gunicorn logs each that was killed
        killed(server, server.workers(), how)
    after = reported(server)
    assert after[LIVE] == before[LIVE]
    # Each of the three new workers may hold one, to look whether there is work to be done.
    assert after.get(OPEN, 0) <= 3
    assert after.get(IN_USE, 0) == 0
    ask(server, 60)
    assert reported(server)[LIVE] == before[LIVE] + 60
    # Nine workers have lived, and three places been taken.
    assert counting_places(folder) <= {"w0", "w1", "w2"}


def test_settings_that_are_read_again_lose_no_count(start_server: StartServer, url: str) -> None:
    server = start_server(url)
    ask(server, 60)
    before = reported(server)
    old = set(server.workers())
    assert server.process is not None
    server.process.send_signal(signal.SIGHUP)
    wait_until(
        lambda: not old & set(server.workers()) and len(server.workers()) == 3, "new workers"
    )
    ask(server, 60)
    assert reported(server)[LIVE] == before[LIVE] + 60


def test_a_folder_of_the_operator_is_emptied_of_counters_alone(
    start_server: StartServer, url: str
) -> None:
    folder = Path(tempfile.mkdtemp(dir=Path(url.removeprefix("sqlite:///")).parent)) / "new"
    server = start_server(url, PROMETHEUS_MULTIPROC_DIR=str(folder))
    ask(server, 10)
    before = reported(server)
    assert before[LIVE] == 10
    server.tell_to_stop()
    server.wait_until_stopped()
    assert counting_places(folder)
    (folder / "notes.txt").write_text("somebody's")
    server.start()
    assert reported(server).get(LIVE, 0) == 0
    assert (folder / "notes.txt").read_text() == "somebody's"
    assert folders(server) == []


def test_without_metrics_nothing_is_kept(start_server: StartServer, url: str) -> None:
    server = start_server(url, METRICS="off")
    answer = requests.get(server.address + "/metrics", timeout=20)
    assert answer.status_code == 404
    assert folders(server) == []
