"""Programs that are killed at any moment leave no version without its document."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, select

from app.store.contents.folder import Folder
from app.store.contents.sweeping import sweep
from app.store.contents.values import PIECE, Place
from app.store.models import Signature
from tests.store.contents.kept import files_of, read_whole, rows_of
from tests.store.contents.story import DOCUMENTS
from tests.store.contents.test_sweeping import make_old
from tests.store.evidence.test_deaths import PROJECT

ROUNDS, AT_ONCE = 1, 2
#: Saves after which each is killed, and seconds then.
SAVES, LIFE = 6, 0.02


def start(url: str, folder: Path | None) -> subprocess.Popen[str]:
    """Start the story."""
    name = str(uuid4().int % 10**9)
    return subprocess.Popen(
        [sys.executable, "-m", "tests.store.contents.story", url, str(folder or ""), name],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def live_and_die(one: subprocess.Popen[str], saves: int, seconds: float) -> None:
    """Kill a program after some saves; it must have had no other end."""
    assert one.stdout is not None
    for _ in range(saves):
        assert one.stdout.readline() == ".\n", one.communicate()
    time.sleep(seconds)
    one.kill()
    _, errors = one.communicate()
    assert (one.returncode, errors) == (-9, "")


@pytest.mark.slow
@pytest.mark.parametrize("outside", [False, True], ids=["database", "folder"])
def test_killed_programs_lose_no_document(
    engine: Engine, database_url: str, tmp_path: Path, *, outside: bool
) -> None:
    chance, folder = random.Random(4), tmp_path / "kept"
    place: Place | None = Folder(folder) if outside else None
    for _ in range(ROUNDS):
        for one in [start(database_url, folder if outside else None) for _ in range(AT_ONCE)]:
            live_and_die(one, chance.randint(1, SAVES), chance.uniform(0, LIFE))
    time.sleep(0.2)  # A server that lost its client ends the transaction.
    with engine.connect() as connection:
        saved = connection.execute(select(Signature.document)).scalars().all()
    assert saved
    kept = {read_whole(engine, document, place=place)[1] for document in saved}
    assert kept <= set(DOCUMENTS)
    contents, chunks, references = rows_of(engine)
    assert (contents, references) == (len(kept), len(saved))
    assert chunks == (0 if outside else sum(-(-len(one) // PIECE) for one in kept))
    if outside:
        make_old(folder)
        sweep(engine, place, timedelta(hours=1))
        assert files_of(folder) == contents
