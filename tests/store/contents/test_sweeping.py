"""What was left behind is removed, and nothing of a save in progress."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine, delete

from app.store.contents.folder import Folder
from app.store.contents.keeping import Offer
from app.store.contents.sweeping import Sum, Swept, count_contents, sweep
from app.store.database.engine import transaction
from app.store.models import VersionContent
from tests.store.contents.kept import files_of, new_content, read_whole, rows_of, save_with
from tests.store.threads import save

HOUR = timedelta(hours=1)


def make_old(root: Path) -> None:
    """Let all files have been written two hours ago."""
    before = time.time() - 7200
    for one in root.rglob("*"):
        os.utime(one, (before, before))


def test_a_document_that_a_program_of_before_left_is_deleted(
    engine: Engine, tmp_path: Path
) -> None:
    place = Folder(tmp_path)
    save_with(engine, b"a", "a", place=place)
    save_with(engine, b"b", "b")
    save_with(engine, b"c", "c")
    with transaction(engine) as connection:
        connection.execute(delete(VersionContent).where(VersionContent.signature_id < 3))
    assert sweep(engine, place, HOUR) == Swept(2, 0)
    assert rows_of(engine) == (1, 1, 1)
    assert files_of(tmp_path) == 0
    assert read_whole(engine, "c")[1] == b"c"


def test_files_that_a_killed_server_left_go_once_they_are_old(
    engine: Engine, tmp_path: Path
) -> None:
    place = Folder(tmp_path)
    save_with(engine, b"a", place=place)
    place.write(new_content(b"b").sha256, [b"b"], 1)
    (tmp_path / "aa").mkdir(exist_ok=True)
    (tmp_path / "aa" / "half.part").touch()
    assert sweep(engine, place, timedelta(0)) == Swept(0, 0)
    make_old(tmp_path)
    assert sweep(engine, place, HOUR) == Swept(0, 2)
    assert files_of(tmp_path) == 1
    assert read_whole(engine, place=place)[1] == b"a"


def test_a_save_in_progress_loses_nothing(engine: Engine, tmp_path: Path) -> None:
    place = Folder(tmp_path)
    record = save(engine)
    with Offer(engine, place, new_content(b"a")) as offer:
        assert sweep(engine, place, timedelta(0)) == Swept(0, 0)
        with transaction(engine) as connection:
            offer.keep_for_version(connection, record.id, record.version)
    assert sweep(engine, place, timedelta(0)) == Swept(0, 0)
    assert read_whole(engine, place=place)[1] == b"a"


def test_documents_are_counted_by_where_they_are(engine: Engine, tmp_path: Path) -> None:
    save_with(engine, b"abc", "a", place=Folder(tmp_path))
    save_with(engine, b"de", "b")
    with engine.connect() as connection:
        assert count_contents(connection) == (Sum(1, 2), Sum(1, 3))
