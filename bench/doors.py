"""The cost of access control: requests with tokens, limits, metrics and access log, and without.

Both servers use one database, by turns, so that other load on the machine affects both.
"""

from __future__ import annotations

import os
import subprocess
import sys
from statistics import median

from bench.cases import CASES, Case
from bench.servers import PROJECT, Load, WebServer, drive

#: The target: a minimum share of the requests per second that remains, percent.
GOAL = 85

WITHOUT = {"AUTH": "off", "RATE_LIMIT": "off", "METRICS": "off", "ACCESS_LOG": "off"}
#: A limit that counts every request, and is never reached.
WITH = {
    "AUTH": "on",
    "RATE_LIMIT": "1000000000/hour",
    "CPU_LIMIT": "1000000/hour",
    "METRICS": "on",
    "ACCESS_LOG": "on",
}


def print_doors(url: str, rows: int, cms: str, *, turns: int, seconds: float, seed: int) -> None:
    """Measure every case both ways, and print the table.

    Args:
        url: of a database with `rows` threads.
        rows: how many.
        cms: the signature that is saved.
        turns: how often each case is measured.
        seconds: how long each time.
        seed: of the first run; it and all higher ones are unused on this database.
    """
    token = _make_token(url)
    print(f"### Tokens, limits, metrics and access log, {rows:,} threads\n")
    print("| case | requests/s | without | share | goal | p99 ms | without |")
    print("|---|---|---|---|---|---|---|")
    with (
        WebServer("wsgi:app", url, "/health/ready", WITHOUT) as without,
        WebServer("wsgi:app", url, "/health/ready", WITH) as locked,
    ):
        for case in CASES:
            pairs = []
            for turn in range(turns):
                one, other = seed + 2 * turn, seed + 2 * turn + 1
                open_load = drive(without, case.lua(rows=rows, seed=one, cms=cms), seconds)
                lua = case.lua(rows=rows, seed=other, cms=cms, token=token)
                pairs.append((drive(locked, lua, seconds), open_load))
            _print_case(case, pairs)
    print(flush=True)


def _print_case(case: Case, pairs: list[tuple[Load, Load]]) -> None:
    share = median(100 * locked.per_second / without.per_second for locked, without in pairs)
    locked, without = ([pair[side] for pair in pairs] for side in (0, 1))
    print(
        f"| {case.name} | {median(load.per_second for load in locked):,.0f} "
        f"| {median(load.per_second for load in without):,.0f} | {share:.0f} % | {GOAL} % "
        f"| {median(load.p99 for load in locked):.1f} "
        f"| {median(load.p99 for load in without):.1f} |",
        flush=True,
    )


def _make_token(url: str) -> str:
    command = [
        sys.executable, "-m", "flask", "--app", "wsgi",
        "token", "create", f"bench {os.getpid()}", "--scope", "read,write",
    ]  # fmt: skip
    environment = {**os.environ, "DATABASE_URL": url}
    made = subprocess.run(
        command, cwd=PROJECT, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return made.stdout.strip()
