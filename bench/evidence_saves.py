"""What a save costs by HTTP if evidence is obtained for it: it is queued in its transaction.

Two gunicorns use one database, by turns, so that other load on the machine affects both. Nothing
else works meanwhile: no worker drains the queue, which is another process on its own account (see
`bench.evidence`), and nothing verifies in the background, which one of the two would do for both.

The goal is judged by requests that follow each other: blocks of them are added until the noise is
small enough, or there are `MAX_BLOCKS`. Under as much load as there can be, seconds of the one
server are compared with other seconds of the other one, so that the noise is larger.
"""

from __future__ import annotations

import os
from contextlib import closing
from itertools import count
from pathlib import Path
from statistics import median
from typing import TypeAlias

from sqlalchemy import create_engine

from app.store.leases import take_lease
from bench.cases import POST_NEW
from bench.data import fill
from bench.database import Statements
from bench.pairs import Difference, compare
from bench.servers import Load, WebServer, drive
from bench.turns import CLIENTS, REQUESTS, post_by_turns
from tests.postgresql import PostgresServer

#: What was measured of the server that queues, and of the one that does not.
Pair: TypeAlias = tuple[Load, Load]

#: The target: p99 with the queue is at most this share above that without, percent.
GOAL = 3
#: The noise at which it is judged, percent.
NOISE = GOAL / 2
MIN_BLOCKS, MAX_BLOCKS = 20, int(os.environ.get("BENCH_BLOCKS", "100"))
PAIRS = int(os.environ.get("BENCH_PAIRS", "20"))
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
    _keep_from_verifying(url)
    shared = {"TRUST_DIR": str(folder / "trust"), "TSA_URL": address}
    with (
        WebServer("wsgi:app", url, "/health/ready", shared | {"EVIDENCE": "off"}) as without,
        WebServer("wsgi:app", url, "/health/ready", shared | {"EVIDENCE": "queue"}) as queueing,
    ):
        pairs = _run_pairs(queueing, without, cms)
        blocks = _run_blocks(queueing, without, cms)
    server.drop("bench_evidence_saves")
    print(
        f"\n### Saves by HTTP, PostgreSQL, as many as there can be: {PAIRS} pairs of {SECONDS:g} s"
    )
    _print(pairs)
    each = CLIENTS * REQUESTS
    print(f"\n### {CLIENTS} at a time: {len(blocks)} blocks of {each:,} to either server")
    _print(blocks)
    _print_judgement(blocks)


def _run_pairs(queueing: WebServer, without: WebServer, cms: str) -> list[Pair]:
    """Drive the servers by turns; which one begins alternates."""
    seeds = count(1)

    def run(one: WebServer, seconds: float = SECONDS) -> Load:
        return drive(one, POST_NEW.lua(rows=ROWS, seed=next(seeds), cms=cms), seconds)

    pairs: list[Pair] = []
    for one in (without, queueing):
        run(one, WARM_UP)
    for number in range(PAIRS):
        if number % 2:
            queued = run(queueing)
            pairs.append((queued, run(without)))
        else:
            before = run(without)
            pairs.append((run(queueing), before))
    return pairs


def _run_blocks(queueing: WebServer, without: WebServer, cms: str) -> list[Pair]:
    """Ask the servers by turns until the goal can be judged; the first block is left out."""
    bodies = (
        {"document": f"one-{number}", "thread": "story", "tags": ["common"], "cms": cms}
        for number in count()
    )
    blocks: list[Pair] = []
    with closing(post_by_turns((queueing, without), "/signature", bodies)) as measured:
        next(measured)
        while len(blocks) < MAX_BLOCKS and not _is_decided(blocks):
            blocks.append(next(measured))
    return blocks


def _keep_from_verifying(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        if not take_lease(connection, _VERIFYING, "bench", _HELD):
            raise RuntimeError("something verifies what was saved")
    engine.dispose()


def _is_decided(blocks: list[Pair]) -> bool:
    return len(blocks) >= MIN_BLOCKS and _p99(blocks).noise <= NOISE


def _p99(pairs: list[Pair]) -> Difference:
    return compare([(queued.p99, without.p99) for queued, without in pairs])


def _print(pairs: list[Pair]) -> None:
    print("\n| evidence | saves/s | p50 ms | p99 ms |\n|---|---|---|---|")
    for name, side in (("queue", 0), ("off", 1)):
        loads = [pair[side] for pair in pairs]
        figures = [median(values) for values in zip(*map(_figures, loads), strict=True)]
        print(f"| {name} | {figures[0]:,.0f} | {figures[1]:.2f} | {figures[2]:.2f} |")
    p50 = compare([(queued.p50, without.p50) for queued, without in pairs])
    print(f"\np50 with the queue: {_say(p50)}\np99 with the queue: {_say(_p99(pairs))}")


def _print_judgement(blocks: list[Pair]) -> None:
    p99 = _p99(blocks)
    if p99.highest <= GOAL:
        judged = "met"
    else:
        judged = "missed" if p99.lowest > GOAL else f"not decided, the noise is {p99.noise:.1f} %"
    print(f"goal, p99 at most +{GOAL} %: {judged}", flush=True)


def _say(found: Difference) -> str:
    return f"{found.percent:+.1f} % (95 %: {found.lowest:+.1f} to {found.highest:+.1f})"


def _figures(load: Load) -> tuple[float, float, float]:
    return load.per_second, load.p50, load.p99
