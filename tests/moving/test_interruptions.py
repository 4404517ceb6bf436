"""A move that is killed, and run again; and what it takes of memory."""

from __future__ import annotations

import base64
import json
import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, select

from app.store.models import (
    Signature,
    SignaturePair,
    SignatureTag,
    SignatureTerm,
    Signer,
    Version,
)
from tests import pki
from tests.api.asking import rows
from tests.live.server import PATIENCE, PROJECT, environment
from tests.moving.sealing import seal, write_key
from tests.moving.server import OriginalServer
from tests.pki import profile
from tests.store.signings import IVANOV, signed_by

pytestmark = pytest.mark.slow

THREADS = 1200
#: Threads that are there when a run is killed, and how much later, in seconds.
POINTS = [(0, 0.0), (1, 0.0), (1, 0.2), (700, 0.05), (THREADS, 0.0), (THREADS, 0.3)]


def start(
    original: OriginalServer, url: str, stderr: int = subprocess.PIPE, **env: str
) -> subprocess.Popen[str]:
    """Start the command as an operator does."""
    settings = {"DATABASE_URL": url, "MOVE_FROM": original.url, **env}
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "move", "--json"],
        cwd=PROJECT,
        env=environment(settings),
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )


def count(engine: Engine, table: Any) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def kill_at(process: subprocess.Popen[str], engine: Engine, threads: int, later: float) -> None:
    """Kill a run when so many threads were moved, unless it ended before."""
    deadline = time.monotonic() + PATIENCE
    while count(engine, Signature) < threads and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(later)
    process.kill()
    with process:
        process.communicate()


def test_a_move_that_is_killed_anywhere_ends_as_one_that_is_not(
    original: OriginalServer, database_url: str, engine: Engine
) -> None:
    original.save_many(THREADS, signed_by(IVANOV))
    moved_before = []
    for threads, later in POINTS:
        kill_at(start(original, database_url), engine, threads, later)
        moved_before.append(count(engine, Signature))
        # Whole threads only.
        assert count(engine, Version) == count(engine, Signer) == moved_before[-1]
    with start(original, database_url) as process:
        report, reported = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, reported
    assert moved_before == sorted(moved_before)
    assert 0 < moved_before[1] < THREADS
    found = json.loads(report)
    assert (found["complete"], found["threads_alike"]) == (True, THREADS)
    assert found["moved_now"] == THREADS - moved_before[-1]
    tables = (Signature, Version, Signer, SignatureTag, SignaturePair)
    assert [count(engine, table) for table in tables] == [
        THREADS, THREADS, THREADS, 2 * THREADS, THREADS,
    ]  # fmt: skip
    assert count(engine, SignatureTerm) % THREADS == 0
    # No terminal, no bar.
    assert reported.splitlines()[1] == f"the original has {THREADS} threads with {THREADS} versions"
    assert "%" not in reported


def peak_of(process: int) -> int:
    """Return the most memory that a process ever had, in MB; 0 if it has ended."""
    status = Path(f"/proc/{process}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) // 1024 if found else 0


@pytest.mark.attacks
def test_memory_is_bounded_by_the_largest_signature(
    original: OriginalServer, database_url: str
) -> None:
    large = base64.b64encode(pki.sign_cms(os.urandom(7_500_000), [profile.person()])).decode()
    row = (seal(large), "2024-01-01 00:00:00", None, None)
    for number in range(2):
        original.save(f"d{number}", "main", [row] * 4)
    peak = 0
    with start(original, database_url, NCANODE_ENCRYPTION_KEY=write_key()) as process:
        while process.poll() is None:
            peak = max(peak, peak_of(process.pid))
            time.sleep(0.05)
        report, reported = process.communicate()
    assert process.returncode == 0, reported
    assert json.loads(report)["versions_alike"] == 8
    # All of them are 160 MB as they are kept.
    assert 50 < peak < 330


def test_a_terminal_sees_how_far_it_is(original: OriginalServer, sqlite_url: str) -> None:
    original.save_many(20, signed_by(IVANOV))
    master, slave = pty.openpty()
    try:
        with start(original, sqlite_url, stderr=slave) as process:
            report = process.communicate(timeout=PATIENCE)[0]
        os.set_blocking(master, False)
        reported = os.read(master, 100_000).decode()
    finally:
        os.close(master)
        os.close(slave)
    assert json.loads(report)["complete"]
    for label in ("moving", "comparing"):
        assert re.search(rf"{label} .*20/20", reported), reported


@pytest.fixture(name="client")
def client_of_store(app: Any) -> FlaskClient:
    """A client of the store that is moved into."""
    client: FlaskClient = app.test_client()
    return client


def test_a_thread_is_there_for_readers_whole_or_not_at_all(
    original: OriginalServer, database_url: str, client: FlaskClient
) -> None:
    row = (signed_by(IVANOV), "2024-01-01 00:00:00", None, None)
    original.save("long", "main", [row] * 3000, ["a"])
    seen = set()
    with start(original, database_url) as process:
        while process.poll() is None:
            seen.add(tuple(one["version"] for one in rows(client, "without=cms&tags=a")))
        reported = process.communicate()[1]
    assert process.returncode == 0, reported
    assert seen <= {(), (3000,)}
    assert [one["version"] for one in rows(client, "without=cms")] == [3000]
