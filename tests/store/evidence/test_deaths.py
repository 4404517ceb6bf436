"""Workers that are killed at any moment lose nothing, and keep nothing twice."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from app.store.database.engine import transaction
from app.store.evidence import jobs
from app.store.models import EvidenceItem
from app.store.signatures.large_texts import Key
from tests.store.evidence.queued import evidence_of, left_over, queue
from tests.store.evidence.worker_story import work

PROJECT = Path(__file__).parents[3]
ROUNDS, AT_ONCE = 5, 2
#: Seconds of a lease, and of what a worker may live once it has begun.
LEASE, LIFE = 0.3, 0.12


def start(url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.store.evidence.worker_story", url, str(LEASE)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def live_and_die(worker: subprocess.Popen[str], seconds: float) -> None:
    """Kill a worker some time after it began; it must have had no other end."""
    assert worker.stdout is not None
    assert worker.stdout.readline() == "ready\n", worker.communicate()
    time.sleep(seconds)
    worker.kill()
    _, errors = worker.communicate()
    assert (worker.returncode, errors) == (-9, "")


def finish_all(engine: Engine) -> None:
    """Let one worker that isn't killed do what is left."""
    with engine.connect() as connection:
        while jobs.count(connection).pending:
            if not work(engine, 60.0):
                time.sleep(LEASE / 3)


@pytest.mark.slow
def test_killed_workers_lose_nothing_and_keep_nothing_twice(
    engine: Engine, database_url: str
) -> None:
    chance = random.Random(9)
    keys: list[Key] = []
    done = []
    for number in range(ROUNDS):
        keys += queue(engine, *(f"{number}.{each}" for each in range(40)))
        for worker in [start(database_url) for _ in range(AT_ONCE)]:
            live_and_die(worker, chance.random() * LIFE)
        pending, *_, states, threads = left_over(engine)
        assert pending + states == len(keys)
        assert states == threads
        done.append(states)
    assert done[-1] > 0, "no worker lived long enough"
    finish_all(engine)
    assert left_over(engine) == [0, len(keys) + 1, 2 * len(keys), len(keys), len(keys)]
    with transaction(engine) as connection:
        rows = select(EvidenceItem.signature_id, EvidenceItem.version, EvidenceItem.sha256)
        found = {(Key(row[0], row[1]), row[2]) for row in connection.execute(rows)}
    assert found == {(key, one.sha256) for key in keys for one in evidence_of(key)}
