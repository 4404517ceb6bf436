"""The CPU time of a request, in the application and in PostgreSQL, beside that of the floor.

Other work on the machine changes it less than it changes requests a second, and the load generator
is not in it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.cases import CASES, Case
from bench.database import Statements
from bench.servers import WebServer, drive, floor_server
from tests.postgresql import PostgresServer

#: Seed of the first run, higher than any of another part.
_SEED = 300_000
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Spent:
    """Microseconds of CPU time of one request."""

    application: float
    database: float


def print_cpu(
    server: PostgresServer,
    statements: Statements,
    rows: int,
    cms: str,
    *,
    turns: int,
    seconds: float,
) -> None:
    """Print a table of all cases, each by turns on the floor and on the server."""
    print(f"### CPU time of a request at {rows:,} threads, application + PostgreSQL, µs\n")
    print("| case | server | floor | of the floor |\n|---|---|---|---|")
    seed = _SEED
    with (
        floor_server(statements.url) as floor,
        WebServer("wsgi:app", statements.url, "/health/ready") as ours,
    ):
        for case in CASES:
            spent: dict[WebServer, list[Spent]] = {floor: [], ours: []}
            for _ in range(turns):
                for application, each in spent.items():
                    seed += 1
                    lua = case.lua(rows=rows, seed=seed % (rows // 100), cms=cms)
                    each.append(_measure(server, application, lua, seconds))
            print(_line(case, spent[ours], spent[floor]), flush=True)
    print()


def _measure(server: PostgresServer, application: WebServer, lua: str, seconds: float) -> Spent:
    before = application.cpu_seconds(), _of_postgresql(server)
    requests = drive(application, lua, seconds).per_second * seconds
    after = application.cpu_seconds(), _of_postgresql(server)
    return Spent(
        *((late - early) / requests * 1e6 for early, late in zip(before, after, strict=True))
    )


def _of_postgresql(server: PostgresServer) -> float:
    """Return the CPU time of all of a server's processes, ended ones included, seconds."""
    assert server.process is not None
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    used = sum(sum(_times(child)[:2]) for child in children)
    return (used + sum(_times(str(pid)))) / _TICKS


def _times(pid: str) -> list[int]:
    """Return a process's time in user mode and in the kernel, and both of its ended children."""
    *_, rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
    return [int(number) for number in rest.split()[11:15]]


def _line(case: Case, ours: list[Spent], floor: list[Spent]) -> str:
    parts = [_middle(ours), _middle(floor)]
    share = 100 * sum(parts[1]) / sum(parts[0])
    written = " | ".join(f"{a:,.0f} + {b:,.0f}" for a, b in parts)
    return f"| {case.name} | {written} | {share:.0f} % |"


def _middle(spent: list[Spent]) -> tuple[float, float]:
    return median(one.application for one in spent), median(one.database for one in spent)
