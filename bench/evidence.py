"""How fast evidence is obtained: signatures by RSA keys are queued, and one worker drains them.

The services, which sign three answers for each signature, are another process on this machine.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine

from app.store.database.engine import transaction
from app.store.evidence import jobs
from app.store.signatures.extraction import read_text
from app.store.signatures.writing import NewVersion, save_version
from bench.evidence_saves import print_saves
from bench.servers import PROJECT
from tests.conftest import opened
from tests.postgresql import PostgresServer

#: Signatures that are queued.
SIGNERS = int(os.environ.get("BENCH_SIGNERS", "10000"))
#: Signers a second that are promised.
GOAL = 50
_SAVED_AT_ONCE = 500
_LOOK_EACH = 2.0


def print_evidence(server: PostgresServer) -> None:
    """Print how many signers a second one worker completes, and what memory it takes."""
    print(f"### Evidence for {SIGNERS:,} signers, RSA, services on this machine\n")
    print("| database | signers/s | goal | CPU ms of the worker for each "
          "| MB at a tenth | MB at half | MB at nine tenths |")  # fmt: skip
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, _services(Path(folder)) as address:
        server.create_database("bench_evidence")
        for name, url in (
            ("PostgreSQL", server.database_url("bench_evidence")),
            ("SQLite", f"sqlite:///{folder}/bench.sqlite3"),
        ):
            _measure(name, url, Path(folder), address)
        server.drop("bench_evidence")
        print_saves(server, Path(folder), address)
    print(flush=True)


def print_saves_alone(server: PostgresServer) -> None:
    """Print what the queue costs a save, which is the last part of `print_evidence`."""
    with tempfile.TemporaryDirectory() as folder, _services(Path(folder), 1) as address:
        print_saves(server, Path(folder), address)


@contextmanager
def _services(folder: Path, signers: int = SIGNERS) -> Iterator[str]:
    """Run the services, and return the address of the timestamp authority."""
    command = [sys.executable, "-m", "bench.evidence_services", str(folder), str(signers)]
    with subprocess.Popen(
        command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


def _measure(name: str, url: str, folder: Path, address: str) -> None:
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "TRUST_DIR": str(folder / "trust"),
        "EVIDENCE": "queue",
        "TSA_URL": address,
        "OUTGOING_ALLOW": "127.0.0.0/8",
        "LOG_LEVEL": "error",
    }
    flask = [sys.executable, "-m", "flask", "--app", "wsgi"]
    subprocess.run([*flask, "db", "upgrade"], cwd=PROJECT, env=environment, check=True)
    with opened(url) as engine:
        _save_all(engine, (folder / "signatures.txt").read_text().split())
        began, computed = time.monotonic(), _computed()
        with subprocess.Popen(
            [*flask, "evidence", "work", "--once"],
            cwd=PROJECT,
            env=environment,
            stdout=subprocess.DEVNULL,
        ) as worker:
            memory = _watch(worker, engine)
        took, computed = time.monotonic() - began, _computed() - computed
        with engine.connect() as connection:
            pending = jobs.count(connection).pending
    if worker.returncode or pending:
        raise RuntimeError(f"{pending} are pending")
    sizes = " | ".join(f"{memory.get(share, 0):.0f}" for share in (10, 50, 90))
    cost = 1000 * computed / SIGNERS
    print(f"| {name} | {SIGNERS / took:.0f} | {GOAL} | {cost:.1f} | {sizes} |", flush=True)


def _computed() -> float:
    """Return the CPU seconds of processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _save_all(engine: Engine, signatures: list[str]) -> None:
    for first in range(0, len(signatures), _SAVED_AT_ONCE):
        with transaction(engine) as connection:
            for number, cms in enumerate(signatures[first : first + _SAVED_AT_ONCE], first):
                new = NewVersion(document=f"document {number}", thread="main", cms=cms)
                save_version(connection, new, read_text(cms), None, new_evidence=2)


def _watch(worker: subprocess.Popen[bytes], engine: Engine) -> dict[int, float]:
    """Return the memory of the worker, in MB, when 10, 50 and 90 percent were done."""
    found: dict[int, float] = {}
    while worker.poll() is None:
        with engine.connect() as connection:
            done = 100 - 100 * jobs.count(connection).pending // SIGNERS
        if size := _memory(worker.pid):
            for share in (10, 50, 90):
                if done >= share:
                    found.setdefault(share, size)
        time.sleep(_LOOK_EACH)
    return found


def _memory(process: int) -> float | None:
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return None
    size = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(size[1]) / 1024 if size else None
