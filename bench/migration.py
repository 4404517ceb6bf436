"""How long a store of a former program takes to migrate, while that program's servers serve.

The former program is a checkout of this repository at another commit: it fills the database with
its own `bench.data`, and serves from before the migration until after it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import psycopg

from bench.servers import PROJECT, WebServer
from tests.postgresql import PostgresServer

#: Seconds of load before the migration, those after which it is killed, and between two requests.
BEFORE, KILLED_AFTER, PAUSE = 5.0, float(os.environ.get("BENCH_KILL", "60")), 0.05
_FILL = "import sys; from bench.data import fill; fill(sys.argv[1], int(sys.argv[2]), sys.argv[3])"
_FLASK = [sys.executable, "-m", "flask", "--app", "wsgi"]
_LAYOUT = """
SELECT pg_database_size(current_database()) / 1e9, (SELECT count(*) FROM signature_terms)
"""


@dataclass
class Client:
    """Sends requests one after the other; notes the milliseconds of each, and what failed."""

    ask: Callable[[int], Request]
    times: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def go_on(self, ended: threading.Event) -> None:
        """Send requests until the event."""
        number = 0
        while not ended.wait(PAUSE):
            number += 1
            began = time.perf_counter()
            try:
                with urlopen(self.ask(number), timeout=60) as answer:  # noqa: S310 - our own server
                    answer.read()
                self.times.append(1000 * (time.perf_counter() - began))
            except HTTPError as error:
                self.failures.append(str(error.code))
            except URLError as error:
                self.failures.append(str(error.reason))


def print_migration(server: PostgresServer, former: Path, rows: int, cms: str) -> None:
    """Print how long `db upgrade` and `db pack` take, and what clients notice meanwhile."""
    server.create_database("migrated")
    url = server.database_url("migrated")
    _run(url, "db", "upgrade", project=former)
    subprocess.run([sys.executable, "-c", _FILL, url, str(rows), cms], cwd=former, check=True)
    print(f"### {rows:,} threads of a former program: {_layout(url)}\n", flush=True)
    with WebServer("wsgi:app", url, "/health/ready", project=former) as serving:
        clients = _clients(serving, rows, cms)
        ended = threading.Event()
        threads = [threading.Thread(target=one.go_on, args=(ended,)) for one in clients.values()]
        for thread in threads:
            thread.start()
        time.sleep(BEFORE)
        for name, client in clients.items():
            print(f"{name} before: {_say(client)}")
            client.times.clear()
        killed = subprocess.Popen([*_FLASK, "db", "upgrade"], cwd=PROJECT, env=_environment(url))
        time.sleep(KILLED_AFTER)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        print(f"killed after {KILLED_AFTER:g} s: {_layout(url)}", flush=True)
        took = _run(url, "db", "upgrade")
        print(f"`db upgrade` again: {took:.0f} s; {_layout(url)}")
        print(f"with nothing to do: {_run(url, 'db', 'upgrade'):.2f} s")
        ended.set()
        for thread in threads:
            thread.join()
    for name, client in clients.items():
        print(f"{name} meanwhile: {_say(client)}")
    took = _run(url, "db", "pack")
    print(f"`db pack`, without a server: {took:.0f} s; {_layout(url)}\n", flush=True)
    server.drop("migrated")


def _clients(serving: WebServer, rows: int, cms: str) -> dict[str, Client]:
    def read(number: int) -> Request:
        thread = f"document=bench-{number * 7919 % rows + 1}&thread=story"
        return Request(f"{serving.address}/signature?{thread}")  # noqa: S310 - our own server

    def save(number: int) -> Request:
        body = {"document": f"live-{number}", "thread": "story", "tags": ["live"], "cms": cms}
        return Request(  # noqa: S310 - our own server
            f"{serving.address}/signature",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )

    return {"reads": Client(read), "saves": Client(save)}


def _run(url: str, *command: str, project: Path = PROJECT) -> float:
    """Run a command of a program; return the seconds."""
    began = time.monotonic()
    subprocess.run(
        [*_FLASK, *command],
        cwd=project,
        env=_environment(url),
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.monotonic() - began


def _environment(url: str) -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": url}


def _layout(url: str) -> str:
    with psycopg.connect(url) as connection:
        size, terms = connection.execute(_LAYOUT).fetchone() or (0, 0)
    return f"{size:.2f} GB, {terms:,} search rows"


def _say(client: Client) -> str:
    times = sorted(client.times)
    failed = f", failed: {', '.join(sorted(client.failures))}" if client.failures else ""
    if not times:
        return f"none{failed}"
    p50, p99 = (times[int(len(times) * share)] for share in (0.5, 0.99))
    return f"{len(times):,}, p50 {p50:.1f} ms, p99 {p99:.0f} ms, slowest {times[-1]:.0f} ms{failed}"
