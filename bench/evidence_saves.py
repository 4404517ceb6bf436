"""What a save costs by HTTP if evidence is obtained for it: it is queued in its transaction.

Two gunicorns use one database, by turns, so that other load on the machine affects both. No worker
drains the queue meanwhile: that is another process, on its own account (see `bench.evidence`).
"""

from __future__ import annotations

from pathlib import Path
from statistics import median

from bench.cases import POST_NEW
from bench.data import fill
from bench.database import Statements
from bench.servers import Load, WebServer, drive
from tests.postgresql import PostgresServer

#: The target: p99 with the queue is at most this share above that without, percent.
GOAL = 3
ROWS, TURNS, SECONDS = 1000, 15, 8.0


def print_saves(server: PostgresServer, folder: Path, address: str) -> None:
    """Print p50 and p99 of saves with the queue and without, the median of all turns.

    Args:
        server: PostgreSQL, where a database is made.
        folder: with the trust anchor and signatures of the services.
        address: of their timestamp authority; it is asked for nothing.
    """
    cms = (folder / "signatures.txt").read_text().split(maxsplit=1)[0]
    url = Statements(server, "bench_evidence_saves").url
    fill(url, ROWS, cms)
    shared = {"TRUST_DIR": str(folder / "trust"), "TSA_URL": address}
    pairs: list[tuple[Load, Load]] = []
    with (
        WebServer("wsgi:app", url, "/health/ready", shared | {"EVIDENCE": "off"}) as without,
        WebServer("wsgi:app", url, "/health/ready", shared | {"EVIDENCE": "queue"}) as queueing,
    ):
        for turn in range(TURNS):
            seeds = 2 * turn + 1, 2 * turn + 2
            one, other = (POST_NEW.lua(rows=ROWS, seed=seed, cms=cms) for seed in seeds)
            first = turn % 2 == 0
            before = drive(without, one, SECONDS) if first else None
            queued = drive(queueing, other, SECONDS)
            pairs.append((queued, before or drive(without, one, SECONDS)))
    server.drop("bench_evidence_saves")
    _print(pairs)


def _print(pairs: list[tuple[Load, Load]]) -> None:
    print(f"\n### Saves by HTTP, PostgreSQL, {TURNS} turns of {SECONDS:g} s each\n")
    print("| evidence | saves/s | p50 ms | p99 ms |\n|---|---|---|---|")
    for name, side in (("queue", 0), ("off", 1)):
        loads = [pair[side] for pair in pairs]
        figures = [median(values) for values in zip(*map(_figures, loads), strict=True)]
        print(f"| {name} | {figures[0]:,.0f} | {figures[1]:.2f} | {figures[2]:.2f} |")
    more = median(100 * (queued.p99 / without.p99 - 1) for queued, without in pairs)
    print(f"\np99 with the queue: {more:+.1f} % (goal: at most +{GOAL} %)", flush=True)


def _figures(load: Load) -> tuple[float, float, float]:
    return load.per_second, load.p50, load.p99
