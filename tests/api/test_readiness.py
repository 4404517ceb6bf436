"""What /health/ready says of a SQLite file that can't be saved to."""

import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from app.store import readiness
from tests.api.asking import content_of, message_of, save
from tests.conftest import AppMaker, opened
from tests.store import threads

pytestmark = pytest.mark.attacks


@pytest.fixture(name="file")
def path_of(sqlite_url: str) -> Path:
    return Path(sqlite_url.removeprefix("sqlite:///"))


@pytest.fixture(name="asking")
def client_of(start_app: AppMaker, sqlite_url: str) -> FlaskClient:
    return start_app(DATABASE_URL=sqlite_url).test_client()


def test_a_file_that_is_written_to_is_ready(asking: FlaskClient, file: Path) -> None:
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    content_of(asking.get("/health/ready"))
    other.close()
    save(asking)


def test_to_be_asked_leaves_nothing(asking: FlaskClient, file: Path) -> None:
    for _ in range(20):
        content_of(asking.get("/health/ready"))
    tables = sqlite3.connect(file).execute("SELECT name FROM sqlite_master WHERE name = 'probe'")
    assert tables.fetchall() == []
    assert Path(f"{file}-wal").stat().st_size < 2_000_000


def test_a_file_may_have_any_name(start_app: AppMaker, file: Path) -> None:
    folder = file.parent / "50%23 #1"
    folder.mkdir()
    named = file.rename(folder / file.name)
    asking = start_app(DATABASE_URL=f"sqlite:///{quote(str(named))}").test_client()
    content_of(asking.get("/health/ready"))


@pytest.mark.parametrize("place", [0, 4096 * 3])
def test_a_damaged_file_is_not_ready(asking: FlaskClient, file: Path, place: int) -> None:
    content_of(asking.get("/health/ready"))
    sqlite3.connect(file).execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
    size = file.stat().st_size
    with file.open("r+b") as damaged:
        damaged.seek(place)
        damaged.write(b"\xa5" * (size - place))
    message_of(asking.get("/health/ready"), 503)


def test_a_file_that_becomes_writable_is_written_to(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(sqlite_url) as engine:
        monkeypatch.setattr(os, "access", lambda *_: False)
        with engine.connect() as first:
            old = first.connection.dbapi_connection
        monkeypatch.undo()
        with engine.connect() as second:
            new = second.connection.dbapi_connection
        assert new is not old
        with engine.connect() as third:
            assert third.connection.dbapi_connection is new
        threads.save(engine)
        assert readiness.takes_saves(engine)
