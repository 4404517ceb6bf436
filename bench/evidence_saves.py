"""What a save costs by HTTP if evidence is obtained for it: it is queued in its transaction.

Two gunicorns use one database, by turns, so that other load on the machine affects both; which one
begins alternates. Nothing else works meanwhile: no worker drains the queue, which is another
process on its own account (see `bench.evidence`), and nobody verifies what was saved, which one of
the two would do for both. Pairs are added until the noise is small enough to judge the goal, or
there are `MAX_PAIRS`.
"""

from __future__ import annotations

import os
from pathlib import Path
from statistics import median

from sqlalchemy import create_engine

from app.store.leases import take_lease
from bench.cases import POST_NEW
from bench.data import fill
from bench.database import Statements
from bench.pairs import Difference, compare
from bench.servers import Load, WebServer, drive
from tests.postgresql import PostgresServer

#: The target: p99 with the queue is at most this share above that without, percent.
GOAL = 3
#: The noise at which it is judged, percent.
NOISE = GOAL / 2
MIN_PAIRS, MAX_PAIRS = 20, int(os.environ.get("BENCH_PAIRS", "120"))
ROWS, SECONDS, WARM_UP = 1000, float(os.environ.get("BENCH_PAIR_SECONDS", "4")), 2.0
#: The lease of who verifies in the background, and its seconds: an hour at most.
_VERIFYING, _HELD = "verify", 3600.0


def print_saves(server: PostgresServer, folder: Path, address: str) -> None:
    """Print p50 and p99 of saves with the queue and without, and by how much they differ.

    Args:
        server: PostgreSQL, where a database is made.
        folder: with the trust anchor and signatures of the services.
        address: of their timestamp authority; it is asked for nothing.
    """
    cms = (folder / "signatures.txt").read_text().split(maxsplit=1)[0]
    url = Statements(server, "bench_evidence_saves").url
    fill(url, ROWS, cms)
    _let_nobody_verify(url)
    shared = {"TRUST_DIR": str(folder / "trust"), "TSA_URL": address}
    pairs: list[tuple[Load, Load]] = []
    with (
        WebServer("wsgi:app", url, "/health/ready", shared | {"EVIDENCE": "off"}) as without,
        WebServer("wsgi:app", url, "/health/ready", shared | {"EVIDENCE": "queue"}) as queueing,
    ):
        seeds = iter(range(1, 10**6))

        def run(one: WebServer, seconds: float = SECONDS) -> Load:
            return drive(one, POST_NEW.lua(rows=ROWS, seed=next(seeds), cms=cms), seconds)

        for one in (without, queueing):
            run(one, WARM_UP)
        while len(pairs) < MAX_PAIRS and not _is_decided(pairs):
            if len(pairs) % 2:
                queued = run(queueing)
                pairs.append((queued, run(without)))
            else:
                before = run(without)
                pairs.append((run(queueing), before))
    server.drop("bench_evidence_saves")
    _print(pairs)


def _let_nobody_verify(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        if not take_lease(connection, _VERIFYING, "bench", _HELD):
            raise RuntimeError("something verifies what was saved")
    engine.dispose()


def _is_decided(pairs: list[tuple[Load, Load]]) -> bool:
    return len(pairs) >= MIN_PAIRS and _p99(pairs).noise <= NOISE


def _p99(pairs: list[tuple[Load, Load]]) -> Difference:
    return compare([(queued.p99, without.p99) for queued, without in pairs])


def _print(pairs: list[tuple[Load, Load]]) -> None:
    print(f"\n### Saves by HTTP, PostgreSQL, {len(pairs)} pairs of {SECONDS:g} s each\n")
    print("| evidence | saves/s | p50 ms | p99 ms |\n|---|---|---|---|")
    for name, side in (("queue", 0), ("off", 1)):
        loads = [pair[side] for pair in pairs]
        figures = [median(values) for values in zip(*map(_figures, loads), strict=True)]
        print(f"| {name} | {figures[0]:,.0f} | {figures[1]:.2f} | {figures[2]:.2f} |")
    p50 = compare([(queued.p50, without.p50) for queued, without in pairs])
    p99 = _p99(pairs)
    print(f"\np50 with the queue: {_say(p50)}\np99 with the queue: {_say(p99)}")
    if p99.highest <= GOAL:
        judged = "met"
    else:
        judged = "missed" if p99.lowest > GOAL else f"not decided, the noise is {p99.noise:.1f} %"
    print(f"goal, p99 at most +{GOAL} %: {judged}", flush=True)


def _say(found: Difference) -> str:
    return f"{found.percent:+.1f} % (95 %: {found.lowest:+.1f} to {found.highest:+.1f})"


def _figures(load: Load) -> tuple[float, float, float]:
    return load.per_second, load.p50, load.p99
