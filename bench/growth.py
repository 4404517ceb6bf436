"""How the answer times of lists and counts grow with the store: one request after the other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import psycopg

from bench.people import Person
from bench.servers import PROJECT, WebServer

#: Requests of each kind before those whose median is taken, and these; runs of a command.
WARM, TURNS, RUNS = 8, 15, 3
#: How many threads there are for each package.
THREADS_FOR_PACKAGE = 10

_PACKAGES = """
INSERT INTO packages (public_id, name, type, thread, generate_links, link_key, created_at,
    opened_at)
SELECT gen_random_uuid(), 'package ' || id, 'concurrent', 'package-' || id, false, '', at, at
FROM generate_series(1, %(packages)s) id, LATERAL (SELECT now() - id * interval '1 minute') a (at);
INSERT INTO package_documents (package_id, number, document, thread, "order")
SELECT id, 1, 'bench-' || id, thread, 1 FROM packages;
INSERT INTO package_signers (package_id, number, "order", iin)
SELECT id, 1, 1, lpad(id::text, 12, '9') FROM packages;
ANALYZE packages, package_documents, package_signers
"""


def measure_growth(url: str, rows: int) -> dict[str, float]:
    """Return the milliseconds of each case on a filled database; adds packages to it."""
    with psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute(_PACKAGES, {"packages": rows // THREADS_FOR_PACKAGE})
    times = {"flask stats": median(_timed(partial(_run_stats, url)) for _ in range(RUNS))}
    with WebServer("wsgi:app", url, "/health/ready") as server:
        for name, ask in _cases(server, rows).items():
            for _ in range(WARM):
                ask()
            times[name] = median(_timed(ask) for _ in range(TURNS))
    return times


def _cases(server: WebServer, rows: int) -> dict[str, Callable[[], Any]]:
    popular = Person(0)

    def listed(**query: Any) -> Callable[[], Any]:
        given = {"limit": 20, "without": "cms", **query}
        return partial(_ask, f"{server.address}/signatures?{urlencode(given)}")

    deep = _ask(f"{server.address}/signatures?limit=1&cursor=&id_lt={rows // 4}")
    cursor = deep["content"]["next_cursor"]
    signings = f"{server.address}/v1/persons/{popular.iin}/signings"
    return {
        "count=1": listed(count=1),
        "count=1, common tag": listed(count=1, tags="common"),
        "count=1, iin of 30 %": listed(count=1, iin=popular.iin),
        "count=bounded, common tag": listed(count="bounded", tags="common"),
        "cursor, deep": listed(cursor=cursor),
        "cursor, deep, common tag": listed(cursor=cursor, tags="common"),
        f"offset {min(rows // 2, 100_000):,} (reported only)": listed(
            offset=min(rows // 2, 100_000)
        ),
        "iin of 30 % and common tag and an old year (reported only)": listed(
            iin=popular.iin, tags="common", signed_from="2022-01-01", signed_to="2022-12-31"
        ),
        "packages/list": partial(_ask, f"{server.address}/packages/list", {}),
        "signings of a person of 30 % (Solaris)": partial(_ask, signings),
    }


def _ask(address: str, body: dict[str, Any] | None = None) -> Any:
    sent = None if body is None else json.dumps(body).encode()
    request = Request(address, sent, {"Content-Type": "application/json"})  # noqa: S310 - our own server
    with urlopen(request) as answer:  # noqa: S310
        return json.load(answer)


def _run_stats(url: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "stats"],
        cwd=PROJECT,
        env={**os.environ, "DATABASE_URL": url},
        check=True,
        capture_output=True,
    )


def _timed(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return 1000 * (time.perf_counter() - began)


def print_growth_of_lists(smallest: dict[str, float], largest: dict[str, float]) -> None:
    """Print the table: cases by their order, since an offset depends on the size."""
    print("| what grows with the store | ms, smallest | ms, largest | times |")
    print("|---|---|---|---|")
    for (name, after), before in zip(largest.items(), smallest.values(), strict=True):
        print(f"| {name} | {before:.1f} | {after:.1f} | {after / before:.2f} |")
    print(flush=True)
