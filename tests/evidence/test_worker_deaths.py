"""A worker that is killed at any moment, a hundred times, loses nothing and keeps nothing twice."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.cms import Answer, Occasion, parse
from app.store.evidence import jobs
from app.trust import Trust
from app.trust.kept import kept_of
from tests.conftest import EngineMaker
from tests.evidence.office import LATER, Office
from tests.evidence.services import running
from tests.evidence.worker_story import LEASE
from tests.store.threads import delete

PROJECT = Path(__file__).parents[2]
DEATHS, VERSIONS = 100, 150
#: Seconds.
LIFE = 0.15


@pytest.fixture(name="engine")
def engine_of_database(database_url: str, open_engine: EngineMaker) -> Engine:
    return open_engine(database_url)


def finish(office: Office) -> None:
    """Let one worker that isn't killed do what is left."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        office.retry()
        office.work()
        with office.engine.connect() as connection:
            if not jobs.count(connection).pending:
                return
        time.sleep(LEASE / 2)
    raise AssertionError("it takes too long")


@pytest.mark.slow
def test_a_worker_that_is_killed_loses_nothing_and_keeps_nothing_twice(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    with running() as services:
        folder, address = services.trust(tmp_path / "trust"), services.site.url("/tsp")
        trust = Trust(folder, online=False, cache=tmp_path / "cache")
        office = Office(engine, trust, address)
        keys = [office.save(services.sign(), f"doc {number}") for number in range(VERSIONS)]
        story = [sys.executable, "-m", "tests.evidence.worker_story"]
        killed = subprocess.run(
            [*story, database_url, str(folder), address, str(DEATHS), str(LIFE)],
            cwd=PROJECT,
            check=True,
            capture_output=True,
            text=True,
        )
        assert killed.stdout == f"{DEATHS}\n", killed.stderr
        done = sum(office.evidence(key).state == "complete" for key in keys)
        assert done > 0, "no worker lived long enough"
        finish(office)
    for key in keys:
        evidence = office.evidence(key)
        assert evidence.state == "complete"
        kinds = Counter(item.kind for item in evidence.items)
        assert kinds == {"timestamp": 1, "ocsp": 2, "crl": 1, "certificate": 3}


@pytest.mark.slow
def test_documents_survive_kills_a_new_key_of_the_authority_and_deletions(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    with running() as services:
        folder, address = tmp_path / "trust", services.site.url("/tsp")
        services.know_authority(folder)
        office = Office(engine, Trust(folder, online=False, cache=tmp_path / "cache"), address)
        people = [services.person, services.colleague(1)]
        documents = {f"doc {number}": services.sign_xml(*people) for number in range(40)}
        keys = {name: office.save(xml, name) for name, xml in documents.items()}
        story = [sys.executable, "-m", "tests.evidence.worker_story"]
        with subprocess.Popen(
            [*story, database_url, str(folder), address, "20", str(4 * LIFE)],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            for number in range(6):
                time.sleep(4 * LIFE)
                if number == 3:
                    services.rotate_stamper("NEW TSA")
                delete(engine, f"doc {number}")
            said, _ = process.communicate()
        assert said == "20\n"
        finish(office)
        for name, key in keys.items():
            evidence = office.evidence(key)
            if name in {f"doc {number}" for number in range(6)}:
                assert (evidence.state, evidence.items) == (None, ())
                continue
            assert evidence.state == "complete"
            kinds = Counter((item.number, item.kind) for item in evidence.items)
            assert {kinds[one, "timestamp"] for one in (1, 2)} == {1}
            kept = kept_of(evidence.items)
            when = Occasion(LATER, LATER, now=LATER)
            verifier = office.worker.obtainer.trust.loaded().knowing_only(kept)
            found = verifier.verify(parse(documents[name]), at=when, tokens=kept.tokens)
            assert [one.whole.answer for one in found] == [Answer.YES] * 2
