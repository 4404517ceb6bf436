"""How long evidence records of many versions take, and how many timestamps, on either database.

The versions are written directly, without signatures, of which a tree needs none. The timestamp
authority is a thread of this process.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from app.store.evidence.drafts import MAX_LEAVES
from app.store.evidence.records import count_records
from app.trust import Trust
from bench.servers import PROJECT
from tests.conftest import opened
from tests.evidence.decades import Archive, Decades, year
from tests.evidence.many import fill
from tests.postgresql import PostgresServer
from tests.trust.serving import serving

#: Versions that wait for a record.
VERSIONS = int(os.environ.get("BENCH_VERSIONS", "200000"))
#: Minutes that are promised for a million, and requests.
GOAL = "10 minutes and 100 requests for a million"
_LOOK_EACH = 0.2
_WORK = [sys.executable, "-m", "flask", "--app", "wsgi", "evidence", "work", "--once"]


@dataclass(frozen=True, slots=True)
class _Run:
    """What a worker took: seconds, those of its CPU, and MB of memory."""

    seconds: float
    computed: float
    peak: float


def print_records(server: PostgresServer) -> None:
    """Print what the trees over all versions take, and then the renewal of all."""
    print(f"### Evidence records of {VERSIONS:,} versions (goal: {GOAL})\n")
    print("| database | seconds | CPU s of the worker | timestamps | MB of the worker, and idle "
          "| renewal of all, s | timestamps |")  # fmt: skip
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        server.create_database("bench_records")
        for name, url in (
            ("PostgreSQL", server.database_url("bench_records")),
            ("SQLite", f"sqlite:///{folder}/bench.sqlite3"),
        ):
            _measure(name, url, Path(folder))
        server.drop("bench_records")
    print(flush=True)


def _measure(name: str, url: str, folder: Path) -> None:
    with serving() as site, opened(url) as engine:
        services = Decades(site)
        services.know_authority(folder / "trust")
        environment = {
            **os.environ,
            "DATABASE_URL": url,
            "TRUST_DIR": str(folder / "trust"),
            "EVIDENCE": "queue",
            "TSA_URL": site.url("/tsp"),
            "OUTGOING_ALLOW": "127.0.0.0/8",
            "LOG_LEVEL": "error",
        }
        subprocess.run([*_WORK[:-3], "db", "upgrade"], cwd=PROJECT, env=environment, check=True)
        fill(engine, VERSIONS)
        idle = _peak_of([*_WORK[:-2], "status"], environment).peak
        made = _peak_of(_WORK, environment)
        requests = _asked(services)
        _require_all(engine)
        renewed = _renew(engine, services, folder)
    print(
        f"| {name} | {made.seconds:.0f} | {made.computed:.0f} | {requests} "
        f"| {made.peak:.0f}, {idle:.0f} | {renewed:.2f} | {_asked(services)} |",
        flush=True,
    )


def _peak_of(command: list[str], environment: dict[str, str]) -> _Run:
    """Run a command, and look at the peak of its memory as long as it runs."""
    began, computed, peak = time.monotonic(), _computed(), 0.0
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            status = Path(f"/proc/{process.pid}/status").read_text()
            if size := re.search(r"VmHWM:\s+(\d+) kB", status):
                peak = int(size[1]) / 1024
            time.sleep(_LOOK_EACH)
    if process.returncode:
        raise RuntimeError(f"{command} failed")
    return _Run(time.monotonic() - began, _computed() - computed, peak)


def _computed() -> float:
    """Return the CPU seconds of processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _require_all(engine: Engine) -> None:
    with engine.connect() as connection:
        found = count_records(connection)
    if found.unrecorded or found.batches * MAX_LEAVES < VERSIONS:
        raise RuntimeError(f"there are {found.batches} trees; {found.unrecorded} versions wait")


def _renew(engine: Engine, services: Decades, folder: Path) -> float:
    """Renew all records by the next authority; return the seconds."""
    archive = Archive(
        engine, Trust(folder / "trust", online=False, cache=folder / "cache"), services
    )
    archive.go_to(year(2035, 6), 2034)
    began = time.monotonic()
    if archive.record() != 1:
        raise RuntimeError("nothing was renewed")
    return time.monotonic() - began


def _asked(services: Decades) -> int:
    """Return the number of timestamps that were asked for since the last call."""
    number = services.site.asked.count("POST /tsp")
    services.site.asked.clear()
    return number
