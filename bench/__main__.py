"""The whole benchmark: fill databases, alternate runs with the floor, print tables.

`python -m bench cpu`, `filters`, `doors`, `growth`, `servers`, `verification`, `crl`, `evidence`,
`evidence_saves`, `records` or `ncanode3` prints only that part, the first five at the largest size.
`evidence_saves` is the last part of `evidence`. `python -m bench migration FOLDER` migrates what
the program in that folder, a checkout of release 1.0 for instance, has stored; `python -m bench
wycheproof FOLDER` and `limbo FILE` run the verification on test suites of other projects, which
have to be downloaded before (`bench/suites.py`).

Environment: BENCH_ROWS, the largest size (default 100000; 1000000 takes about half an hour and
25 GB of disk); BENCH_TURNS (default 3) and BENCH_SECONDS (default 5) of each case; BENCH_SIGNERS,
those of `evidence` (default 10000); BENCH_KILL, the seconds after which a migration is killed
(default 60); BENCH_PAIRS and BENCH_BLOCKS of `evidence_saves` (default 20, and 100 at most), and
BENCH_PAIR_SECONDS of each run (default 4); BENCH_VERSIONS, those of `records` (default 200000).
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from urllib.request import urlopen

from bench.cases import CASES, LIST, LIST_WITH_SIGNERS, Case
from bench.cpu import print_cpu
from bench.crl import print_lists
from bench.data import fill
from bench.database import Statements
from bench.disk import print_disk
from bench.doors import print_doors
from bench.evidence import print_evidence, print_saves_alone
from bench.filters import print_filters
from bench.growth import Grown, measure_growth, print_growth_of_cases
from bench.http_servers import print_http_servers
from bench.migration import print_migration
from bench.ncanode3 import print_ncanode3
from bench.records import print_records
from bench.sameness import check_sameness
from bench.servers import Load, WebServer, drive, floor_server
from bench.suites import SUITES
from bench.verification import print_verification
from tests.pki import usual_cms
from tests.postgresql import PostgresServer

TURNS = int(os.environ.get("BENCH_TURNS", "3"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "5"))
LARGEST = int(os.environ.get("BENCH_ROWS", "100000"))
SIZES = [size for size in (1_000, 100_000) if size < LARGEST] + [LARGEST]

#: A database server with a machine of its own: a quarter of the memory, as PostgreSQL's manual
#: recommends. Durability is the default, which is full.
_MEMORY = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
POSTGRESQL = {
    "shared_buffers": f"{_MEMORY // 4 // 2**20}MB",
    "max_wal_size": "8GB",
    "shared_preload_libraries": "pg_stat_statements",
}


@dataclass
class Result:
    """The measurements of one case at one size."""

    floor: list[Load] = field(default_factory=list)
    ours: list[Load] = field(default_factory=list)
    statements: float = 0.0

    @property
    def ratio(self) -> float:
        """Our share of the floor's requests, percent; the median of the turns."""
        pairs = zip(self.ours, self.floor, strict=True)
        return median(100 * ours.per_second / floor.per_second for ours, floor in pairs)

    def ours_at(self, figure: str) -> float:
        """Return the median of one of our figures."""
        return float(median(getattr(load, figure) for load in self.ours))

    def floor_at(self, figure: str) -> float:
        """Return the median of one of the floor's figures."""
        return float(median(getattr(load, figure) for load in self.floor))


def main(part: str | None = None) -> None:
    """Run everything, or one part, and print the tables that the README quotes."""
    if part in (None, "verification"):
        print_verification()
    if part in (None, "crl"):
        print_lists()
    if part in (None, "ncanode3"):
        print_ncanode3()
    if part in ("verification", "crl", "ncanode3"):
        return
    cms = usual_cms()
    with PostgresServer(settings=POSTGRESQL) as server:
        if part is not None:
            print_part(part, server, cms)
            return
        print(f"signature: {len(cms)} characters; {TURNS} turns of {SECONDS:g} s; 16 connections\n")
        results = {rows: measure(server, rows, cms) for rows in SIZES}
        print_growth(results)
        print_growth_of_cases(grown(server, cms))
        print_evidence(server)
        print_records(server)


_WITH_STORES_OF_THEIR_OWN = {
    "evidence": print_evidence,
    "evidence_saves": print_saves_alone,
    "records": print_records,
}


def print_part(part: str, server: PostgresServer, cms: str) -> None:
    """Print one part that needs a database."""
    if part in _WITH_STORES_OF_THEIR_OWN:
        _WITH_STORES_OF_THEIR_OWN[part](server)
    elif part == "cpu":
        print_cpu(server, filled(server, LARGEST, cms), LARGEST, cms, turns=TURNS, seconds=SECONDS)
    elif part == "filters":
        print_filters(filled(server, LARGEST, cms).url, LARGEST)
    elif part == "growth":
        print_growth_of_cases(grown(server, cms))
    elif part == "doors":
        print_locked(filled(server, LARGEST, cms).url, LARGEST, cms)
    elif part == "servers":
        print_servers(filled(server, LARGEST, cms).url, LARGEST, cms)
    else:
        sys.exit(f"there is no part {part}")


def grown(server: PostgresServer, cms: str) -> Grown:
    """Measure what grows with the store, from the smallest to the largest.

    The signatures that are stored before are small, so that a large store is filled fast.
    """
    stores: list[tuple[str, int]] = []
    for rows in (SIZES[0], SIZES[-1]):
        statements = Statements(server, f"grown_{rows}")
        fill(statements.url, rows, cms, stored="MAA=")
        stores.append((statements.url, rows))
    small, large = stores
    return measure_growth(small, large, cms)


def filled(server: PostgresServer, rows: int, cms: str) -> Statements:
    """Create a separate database with `rows` threads."""
    statements = Statements(server, f"bench_{rows}")
    began = time.monotonic()
    fill(statements.url, rows, cms)
    print(f"{rows:,} threads filled in {time.monotonic() - began:.0f} s\n", flush=True)
    return statements


def measure(server: PostgresServer, rows: int, cms: str) -> dict[Case, Result]:
    """Fill a separate database with `rows` threads, and measure every case on it."""
    statements = filled(server, rows, cms)
    url = statements.url
    results = {case: Result() for case in CASES}
    with (
        floor_server(url) as floor,
        WebServer("wsgi:app", url, "/health/ready") as ours,
    ):
        check_sameness(floor, ours, cms)
        print_disk(statements, floor, ours, rows, cms)
        for case, result in results.items():
            seed = 0
            result.statements = statements.of_one_request(ours, case, rows, cms)
            for _ in range(TURNS):
                for application, loads in ((floor, result.floor), (ours, result.ours)):
                    seed += 1
                    lua = case.lua(rows=rows, seed=seed, cms=cms)
                    loads.append(drive(application, lua, SECONDS))
        driven = ours.peak_memory()
        streamed = stream_all(ours)
        print_size(rows, results)
        print_cost_of_signers(results)
        print(
            f"start-up {ours.started_in:.2f} s; peak memory of a worker {driven:.0f} MB, "
            f"{ours.peak_memory():.0f} MB after {streamed / 1e6:.0f} MB were streamed\n"
        )
    print_filters(url, rows)
    if rows == LARGEST:
        print_locked(url, rows, cms)
        print_servers(url, rows, cms)
    server.drop(f"bench_{rows}")
    return results


def print_locked(url: str, rows: int, cms: str) -> None:
    """Print which share of the speed remains with tokens, limits, metrics and access log."""
    # Each turn of an earlier case was a run on two servers.
    print_doors(url, rows, cms, turns=TURNS, seconds=SECONDS, seed=2 * TURNS + 1)


def print_servers(url: str, rows: int, cms: str) -> None:
    """Print what other HTTP servers would serve."""
    # Higher than any seed before.
    print_http_servers(url, rows, cms, turns=TURNS, seconds=SECONDS, seed=100_000)


def stream_all(server: WebServer) -> int:
    """Fetch the list of everything; return its bytes."""
    total = 0
    with urlopen(server.address + "/signatures") as answer:  # noqa: S310 - our own server
        while chunk := answer.read(1 << 20):
            total += len(chunk)
    return total


def print_size(rows: int, results: dict[Case, Result]) -> None:
    """Print the table of one size."""
    print(f"### {rows:,} threads\n")
    print("| case | requests/s | floor | of the floor | goal | p50 ms | p99 ms | statements |")
    print("|---|---|---|---|---|---|---|---|")
    for case, result in results.items():
        print(
            f"| {case.name} | {result.ours_at('per_second'):,.0f} "
            f"| {result.floor_at('per_second'):,.0f} | {result.ratio:.0f} % | {case.goal} % "
            f"| {result.ours_at('p50'):.1f} | {result.ours_at('p99'):.1f} "
            f"| {result.statements:.0f} |"
        )
    print(flush=True)


def print_cost_of_signers(results: dict[Case, Result]) -> None:
    """Print which share of the requests remains when a list contains the signers."""
    with_signers, without = (
        results[case].ours_at("per_second") for case in (LIST_WITH_SIGNERS, LIST)
    )
    print(f"A list with=signers: {100 * with_signers / without:.0f} % of the requests without.\n")


def print_growth(results: dict[int, dict[Case, Result]]) -> None:
    """Print how the median answer time grows with the number of threads."""
    smallest, largest = min(results), max(results)
    print(f"### p50 at {largest:,} threads, in terms of p50 at {smallest:,}\n")
    print("| case | times |")
    print("|---|---|")
    for case in CASES:
        before = results[smallest][case].ours_at("p50")
        print(f"| {case.name} | {results[largest][case].ours_at('p50') / before:.2f} |")


def migrate(former: Path) -> None:
    """Run the part that needs another program."""
    with PostgresServer(settings=POSTGRESQL) as server:
        print_migration(server, former, LARGEST, usual_cms())


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in SUITES:
        sys.exit(SUITES[sys.argv[1]](Path(*sys.argv[2:3])))
    if sys.argv[1:2] == ["migration"]:
        migrate(Path(*sys.argv[2:3]).resolve())
    else:
        main(*sys.argv[1:2])
