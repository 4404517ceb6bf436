"""A SQLite file that is moved away, deleted or replaced while a server has it open."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete
from sqlalchemy.exc import OperationalError

from app.store.database import damage
from app.store.database import engine as database
from app.store.models import Lease
from tests.api.asking import content_of, filled, get, message_of, save
from tests.applications import close_database
from tests.conftest import AppMaker, opened

pytestmark = pytest.mark.attacks

AWAY = "Database is not available, try again later"


@pytest.fixture(name="client")
def client_of(start_own_app: AppMaker, sqlite_url: str) -> FlaskClient:
    return start_own_app(DATABASE_URL=sqlite_url).test_client()


def move(file: Path, folder: Path) -> Path:
    """Move a SQLite file with its -wal and -shm; return where it is."""
    folder.mkdir(exist_ok=True)
    for path in sorted(file.parent.glob(f"{file.name}*")):
        shutil.move(path, folder / path.name)
    return folder / file.name


def threads_in(file: Path) -> set[str]:
    """Return the threads that another program finds in a file."""
    with closing(sqlite3.connect(file)) as connection:
        return {row[0] for row in connection.execute("SELECT thread FROM signatures")}


def refuse(client: FlaskClient) -> None:
    """Require that nothing is saved or read, and that clients are asked to retry."""
    response = client.post("/signature", json=filled(thread="lost"))
    assert message_of(response, 503) == AWAY
    assert response.headers["Retry-After"] == "5"
    assert client.get("/signature?document=doc&thread=main").status_code == 503
    assert message_of(client.get("/health/ready"), 503) == "Database can't be reached"


def test_a_save_into_a_deleted_file_is_refused(client: FlaskClient, file: Path) -> None:
    save(client)
    for path in file.parent.glob(f"{file.name}*"):
        path.unlink()
    refuse(client)
    assert not file.exists()


def test_after_a_file_was_moved_away_and_back_the_server_goes_on(
    client: FlaskClient, file: Path, tmp_path: Path
) -> None:
    save(client)
    there = move(file, tmp_path / "away")
    refuse(client)
    move(there, file.parent)
    content_of(client.get("/health/ready"))
    assert get(client)["version"] == 1
    save(client, thread="after")
    close_database(client.application)
    assert threads_in(file) == {"main", "after"}


def test_a_file_that_replaced_another_is_used(
    client: FlaskClient, file: Path, migrated_file: Path, tmp_path: Path
) -> None:
    save(client)
    former = move(file, tmp_path / "away")
    shutil.copy(migrated_file, file)
    save(client, thread="new")
    assert client.get("/signature?document=doc&thread=main").status_code == 404
    close_database(client.application)
    assert threads_in(file) == {"new"}
    assert threads_in(former) == {"main"}


def test_what_was_met_in_a_former_file_is_forgotten(
    sqlite_url: str, file: Path, migrated_file: Path, tmp_path: Path
) -> None:
    with opened(sqlite_url) as engine:
        with engine.connect():
            pass
        error = sqlite3.DatabaseError("database disk image is malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT_VTAB
        damage.note(engine, error)
        assert damage.was_met(engine)
        move(file, tmp_path / "away")
        shutil.copy(migrated_file, file)
        with engine.connect():
            pass
        assert not damage.was_met(engine)


def test_a_commit_into_a_file_that_was_deleted_meanwhile_is_not_acknowledged(
    sqlite_url: str, file: Path
) -> None:
    with opened(sqlite_url) as engine:
        unit = database.transaction(engine)
        connection = unit.__enter__()
        connection.execute(delete(Lease))
        for path in file.parent.glob(f"{file.name}*"):
            path.unlink()
        with pytest.raises(OperationalError, match="during a write"):
            unit.__exit__(None, None, None)
