"""How the answer times grow with the store: one request after the other, on two stores by turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from statistics import median
from typing import Any, cast
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import psycopg

from bench.people import Person
from bench.servers import PROJECT, WebServer

#: Requests of each kind before those whose median is taken, and these; runs of a command.
WARM, TURNS, RUNS = 8, 41, 5
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


@dataclass
class Grown:
    """What was measured: the milliseconds of each case on the smallest and on the largest store."""

    smallest: dict[str, list[float]] = field(default_factory=dict)
    largest: dict[str, list[float]] = field(default_factory=dict)


def measure_growth(small: tuple[str, int], large: tuple[str, int], cms: str) -> Grown:
    """Measure each case on two filled databases (address, threads) by turns; add packages to them.

    What else the machine does then disturbs both alike.
    """
    for url, rows in (small, large):
        with psycopg.connect(
            url, autocommit=True, cursor_factory=psycopg.ClientCursor
        ) as connection:
            connection.execute(_PACKAGES, {"packages": rows // THREADS_FOR_PACKAGE})
            connection.execute("CHECKPOINT")
    grown = Grown()
    with (
        WebServer("wsgi:app", small[0], "/health/ready") as smallest,
        WebServer("wsgi:app", large[0], "/health/ready") as largest,
    ):
        cases = zip(
            _cases(smallest, small[1], cms).items(),
            _cases(largest, large[1], cms).values(),
            strict=True,
        )
        for (name, ask_smallest), ask_largest in cases:
            _alternate(grown, name, (ask_smallest, ask_largest), WARM, TURNS)
    stats = partial(_run_stats, small[0]), partial(_run_stats, large[0])
    _alternate(grown, "`flask stats`", stats, 1, RUNS)
    return grown


def _alternate(
    grown: Grown,
    name: str,
    asked: tuple[Callable[[], Any], Callable[[], Any]],
    warm: int,
    turns: int,
) -> None:
    smallest, largest = asked
    for turn in range(warm + turns):
        times = _timed(smallest), _timed(largest)
        if turn >= warm:
            grown.smallest.setdefault(name, []).append(times[0])
            grown.largest.setdefault(name, []).append(times[1])


def _cases(server: WebServer, rows: int, cms: str) -> dict[str, Callable[[], Any]]:
    iin = Person(0).iin
    others = {
        "packages/list": partial(_ask, f"{server.address}/packages/list", {}),
        "signings of a person of 30 % (Solaris)": partial(
            _ask, f"{server.address}/v1/persons/{iin}/signings"
        ),
        "page /app": partial(_fetch, f"{server.address}/app"),
        "page /app, iin of 30 %": partial(_fetch, f"{server.address}/app?iin={iin}"),
        "page /app/packages": partial(_fetch, f"{server.address}/app/packages"),
    }
    return _threads(server, rows, cms) | _lists(server, rows) | others


def _threads(server: WebServer, rows: int, cms: str) -> dict[str, Callable[[], Any]]:
    """Return what concerns one thread, another one each time."""
    numbers = count(1)

    def any_thread() -> dict[str, Any]:
        return {"document": f"bench-{next(numbers) * 7919 % rows + 1}", "thread": "story"}

    def read(path: str, **query: Any) -> Any:
        return _ask(f"{server.address}{path}?{urlencode({**any_thread(), **query})}")

    def save(**fields: Any) -> Any:
        tags = [f"rare-{next(numbers)}", "common"]
        return _ask(f"{server.address}/signature", {"tags": tags, "cms": cms, **fields})

    return {
        "GET /signature": partial(read, "/signature"),
        "GET /signature with=signers": partial(read, "/signature", **{"with": "signers"}),
        "GET /signature/versions": partial(read, "/signature/versions"),
        "POST, new thread": lambda: save(document=f"new-{next(numbers)}", thread="story"),
        "POST, next version": lambda: save(**any_thread(), version=1),
    }


def _lists(server: WebServer, rows: int) -> dict[str, Callable[[], Any]]:
    popular = Person(0)

    def listed(**query: Any) -> Callable[[], Any]:
        given = {"limit": 20, "without": "cms", **query}
        return partial(_ask, f"{server.address}/signatures?{urlencode(given)}")

    deep = _ask(f"{server.address}/signatures?limit=1&cursor=&id_lt={rows // 4}")
    cursor = deep["content"]["next_cursor"]
    return {
        "list, nothing": listed(),
        "list, rare tag": listed(tags="rare-5"),
        "list, common tag": listed(tags="common"),
        "list, common tag, with=signers": listed(tags="common", **{"with": "signers"}),
        "list, iin of 30 %": listed(iin=popular.iin),
        "list, a day": listed(signed_from="2022-05-05", signed_to="2022-05-05"),
        "count=1": listed(count=1),
        "count=1, common tag": listed(count=1, tags="common"),
        "count=1, iin of 30 %": listed(count=1, iin=popular.iin),
        "count=bounded, common tag": listed(count="bounded", tags="common"),
        "cursor, deep": listed(cursor=cursor),
        "cursor, deep, common tag": listed(cursor=cursor, tags="common"),
        "offset of half, up to 100,000 (reported only)": listed(offset=min(rows // 2, 100_000)),
        "iin of 30 % and common tag and an old year (reported only)": listed(
            iin=popular.iin, tags="common", signed_from="2022-01-01", signed_to="2022-12-31"
        ),
    }


def _ask(address: str, body: dict[str, Any] | None = None) -> Any:
    return json.loads(_fetch(address, None if body is None else json.dumps(body).encode()))


def _fetch(address: str, body: bytes | None = None) -> bytes:
    request = Request(address, body, {"Content-Type": "application/json"})  # noqa: S310 - our own server
    with urlopen(request) as answer:  # noqa: S310
        return cast(bytes, answer.read())


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


def print_growth_of_cases(grown: Grown) -> None:
    """Print the table: the median of each case."""
    print("| what grows with the store | ms, smallest | ms, largest | times |")
    print("|---|---|---|---|")
    for name, times in grown.smallest.items():
        before, after = median(times), median(grown.largest[name])
        print(f"| {name} | {before:.1f} | {after:.1f} | {after / before:.2f} |")
    print(flush=True)
