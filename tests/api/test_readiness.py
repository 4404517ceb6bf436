"""What /health/ready says of a SQLite file that can't be saved to."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from app.store.database import engine as database
from app.store.migrations import readiness
from tests.api.asking import content_of, message_of, save
from tests.applications import close_database
from tests.conftest import AppMaker, EngineMaker, opened
from tests.store import threads

pytestmark = pytest.mark.attacks


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
def test_a_damaged_file_is_not_ready(
    start_own_app: AppMaker, sqlite_url: str, file: Path, place: int
) -> None:
    asking = start_own_app(DATABASE_URL=sqlite_url).test_client()
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
        assert readiness.find_fault(engine) is None


def found_on(engine: Engine) -> str:
    """Return what /health/ready would find, by its name."""
    fault = readiness.find_fault(engine)
    return "nothing" if fault is None else fault.name


def test_a_server_without_room_for_a_temporary_file_is_reported_by_its_code(
    postgresql_url: str, open_engine: EngineMaker
) -> None:
    plain = open_engine(postgresql_url)
    with plain.connect() as connection:
        schema = connection.execute(text("SELECT current_schema()")).scalar_one()
        # PostgreSQL itself says it so where a file can't grow; here the rows that are sorted do.
        connection.exec_driver_sql(f"""
            CREATE OR REPLACE FUNCTION {schema}.md5(text) RETURNS text LANGUAGE plpgsql AS $$
            BEGIN RAISE disk_full USING MESSAGE = 'could not write to file'; END $$""")
    address = postgresql_url.replace(schema, f"{schema},pg_catalog")
    assert address != postgresql_url
    try:
        assert found_on(open_engine(address)) == "FULL"
    finally:
        with plain.connect() as connection:
            connection.exec_driver_sql(f"DROP FUNCTION {schema}.md5(text)")
    assert found_on(plain) == "nothing"


def test_a_server_that_takes_no_writes_is_not_ready(
    postgresql_url: str, open_engine: EngineMaker
) -> None:
    options = "?options=-cdefault_transaction_read_only%3Don%20"
    assert found_on(open_engine(postgresql_url.replace("?options=", options))) == "UNUSABLE"


def test_to_be_asked_writes_a_temporary_file_on_a_server(
    postgresql_url: str, open_engine: EngineMaker
) -> None:
    with database.transaction(open_engine(postgresql_url)) as connection:
        connection.execute(readiness._LITTLE_MEMORY)
        explained = connection.exec_driver_sql(
            "EXPLAIN (ANALYZE, COSTS OFF) " + str(readiness._SORT.text).replace(":rows", "1024")
        )
        plan = "\n".join(explained.scalars().all())
    assert "external merge" in plan


@contextmanager
def full_disk(folder: Path) -> Iterator[Callable[[], None]]:
    """Mount a small file system; return a function that leaves no room on it."""
    folder.mkdir(exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(folder)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode != 0:
        pytest.skip("a file system can be mounted by root alone")

    def fill() -> None:
        with suppress(OSError), (folder / "rest").open("wb") as rest:
            while True:
                rest.write(b"\0" * 4096)
                rest.flush()

    try:
        yield fill
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("is_open", [True, False], ids=["in use", "not in use"])
def test_a_file_on_a_full_disk_is_not_ready_and_says_so(
    start_app: AppMaker, migrated_file: Path, tmp_path: Path, is_open: bool
) -> None:
    folder = tmp_path / "small"
    with full_disk(folder) as fill:
        shutil.copy(migrated_file, folder / "store.sqlite3")
        asking = start_app(DATABASE_URL=f"sqlite:///{folder}/store.sqlite3").test_client()
        if is_open:
            content_of(asking.get("/signatures"))
        fill()
        assert message_of(asking.get("/health/ready"), 503) == "Disk of the database is full"
        (folder / "rest").unlink()
        content_of(asking.get("/health/ready"))
        close_database(asking.application)
