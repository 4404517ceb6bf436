"""Processes that make evidence records may be killed at any moment, and lose nothing."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from app.evidence.records import read_record
from app.store.evidence import drafts
from app.store.models import EvidenceBatch, EvidenceMembership, EvidenceUnrecorded
from app.store.signatures.large_texts import Key
from tests.evidence.decades import Archive
from tests.evidence.many import fill
from tests.evidence.recording_story import LEASE, LEAVES, STEP
from tests.store.evidence.queued import number_of_rows

PROJECT = Path(__file__).parents[2]
VERSIONS, ROUNDS, AT_ONCE, LIFE = 600, 6, 2, 0.6


def start(url: str, archive: Archive) -> subprocess.Popen[str]:
    [address] = archive.addresses
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.evidence.recording_story",
            url,
            address,
            str(archive.trust.folder),
        ],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def live_and_die(process: subprocess.Popen[str], seconds: float) -> None:
    """Kill a process some time after it began; it must have had no other end."""
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n", process.communicate()
    time.sleep(seconds)
    process.kill()
    _, errors = process.communicate()
    assert (process.returncode, errors) == (-9, "")


def memberships(engine: Engine) -> list[tuple[int, int]]:
    """Return each version that is a leaf, and of how many trees."""
    columns = EvidenceMembership.signature_id, EvidenceMembership.version
    with engine.connect() as connection:
        rows = connection.execute(select(columns[0], func.count()).group_by(*columns))
        return [(row[0], row[1]) for row in rows]


@pytest.mark.slow
def test_killed_processes_lose_nothing_and_make_nothing_twice(
    database_url: str,
    engine: Engine,
    archive: Archive,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chance = random.Random(4998)
    fill(engine, VERSIONS)
    archive.save("newest")
    for _ in range(ROUNDS):
        for process in [start(database_url, archive) for _ in range(AT_ONCE)]:
            live_and_die(process, chance.random() * LIFE)
        [waiting] = number_of_rows(engine, EvidenceUnrecorded)
        assert waiting + len(memberships(engine)) == VERSIONS + 1
    time.sleep(LEASE)
    monkeypatch.setattr(drafts, "MAX_LEAVES", LEAVES)
    monkeypatch.setattr(drafts, "STEP", STEP)
    archive.record()
    assert sorted(memberships(engine)) == [(number, 1) for number in range(1, VERSIONS + 2)]
    with engine.connect() as connection:
        unstamped = select(EvidenceBatch.id).where(EvidenceBatch.token.is_(None))
        assert connection.execute(unstamped).all() == []
        records = [read_record(connection, Key(one, 1)) for one in range(1, VERSIONS + 2)]
    assert all(records)
