"""`flask content status`, `move` and `sweep`, and what a backup says of documents."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from app.cli import content
from app.extensions import db
from app.store.contents.folder import Folder
from tests.conftest import AppMaker
from tests.store.contents.kept import files_of, save_with
from tests.store.contents.test_sweeping import make_old
from tests.test_cli import run


def test_documents_are_counted_swept_and_named_by_a_backup(
    make_app: AppMaker, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    app = make_app(KEEP_CONTENT="on", CONTENT_STORE=f"file:{folder}")
    with app.app_context():
        save_with(db.engine, b"abc", "a", place=Folder(folder))
        save_with(db.engine, b"de", "b")
    Folder(folder).write(b"\1" * 32, [b"left"], 4)
    make_old(folder)
    counted = "in the database: 1, 2 bytes\nin CONTENT_STORE: 1, 3 bytes\n"
    assert run(app, "content", "status")[1].endswith(counted)
    status, output = run(app, "backup", str(tmp_path / "one.backup"))
    assert status == 0
    assert "in the database and so in FILE: 1\n" in output
    assert "documents in CONTENT_STORE, which FILE does not have: 1;" in output
    assert run(app, "content", "sweep", "--hours", "0")[0] == 2
    swept = "that nothing referred to: 0\nfiles or objects that no row referred to: 1\n"
    assert run(app, "content", "sweep", "--hours", "1")[1].endswith(swept)
    assert files_of(folder) == 1


def test_a_place_that_can_t_be_read_fails_in_one_line(make_app: AppMaker, tmp_path: Path) -> None:
    (tmp_path / "kept" / "aa").mkdir(parents=True)
    (tmp_path / "kept" / "aa" / "x").symlink_to("x")
    app = make_app(CONTENT_STORE=f"file:{tmp_path}/kept")
    status, output = run(app, "content", "sweep")
    assert status == 1
    assert "Error: OSError: " in output


def test_documents_are_moved_to_where_the_settings_say(
    make_app: AppMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "_PAUSE", -1)
    folder = tmp_path / "kept"
    app = make_app(KEEP_CONTENT="on", CONTENT_STORE=f"file:{folder}")
    with app.app_context():
        save_with(db.engine, b"abc", "a")
        save_with(db.engine, b"de", "b")
        told = f"moved to file:{folder}: 2, 5 bytes\n"
        output = run(app, "content", "move", "--from", "database")[1]
        assert output.endswith(told)
        assert "1 of 2, " in output
        [damaged] = folder.glob(f"??/{sha256(b'de').hexdigest()}-*")
        damaged.write_bytes(b"x")
        app.extensions["content place"] = None
        status, output = run(app, "content", "move", "--from", f"file:{folder}")
        assert status == 1
        assert "moved to database: 1, 3 bytes\n" in output
        assert f"left where it was: SHA-256 {sha256(b'de').hexdigest()}, 2 bytes: its" in output
        assert "there is nothing to move" in run(app, "content", "move", "--from", "database")[1]
        for wrong in ("ftp://x", "file:kept", "file:/a\0b", "s3://", "s3://A", "s3://a_b/c"):
            status, output = run(app, "content", "move", "--from", wrong)
            assert (status, "must be database, file:/folder" in output) == (2, True)


def test_a_move_to_where_nothing_can_be_written_says_so(make_app: AppMaker, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    app = make_app(CONTENT_STORE=f"file:{tmp_path}/file/kept")
    with app.app_context():
        save_with(db.engine, b"abc", "a")
    status, output = run(app, "content", "move", "--from", "database")
    assert (status, "begin again once that is mended" in output) == (1, True)
