"""A SQLite file that is damaged: clients are asked to retry, and the server says it isn't ready."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.store.database import damage
from tests.api.asking import content_of, filled, message_of, save
from tests.applications import close_database
from tests.conftest import AppMaker, opened

pytestmark = pytest.mark.attacks

DOC = {"document": "doc", "thread": "main"}
UNUSABLE = "Database is damaged, or can't be written"
AWAY = "Database is not available, try again later"
#: Bytes of the head of the first page, which the SQLite file is recognised by.
HEAD = 100


def roots_of(file: Path) -> tuple[int, list[tuple[str, int]]]:
    """Return the size of a page, and the first page of each table and index by its name."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        roots = connection.execute("SELECT name, rootpage FROM sqlite_master WHERE rootpage > 1")
        return size, roots.fetchall()


def damaged(file: Path, name: str) -> None:
    """Fill the first page of a table or index with noise."""
    size, roots = roots_of(file)
    with file.open("r+b") as written:
        written.seek((dict(roots)[name] - 1) * size)
        written.write(os.urandom(size))


def answers(client: FlaskClient) -> dict[str, tuple[int, str | None]]:
    """Return the status and the Retry-After of requests that read and write most tables."""
    of_one = "/signature?document=doc&thread=main"
    batch = b'{"document": "doc", "thread": "lines", "cms": "AA=="}\n'
    asked = {
        "save": client.post("/signature", json=filled(thread="new", tags=["a", "b"])),
        "keyed": client.post(
            "/signature",
            json=filled(thread="keyed"),
            headers={"Idempotency-Key": os.urandom(8).hex()},
        ),
        "next": client.post("/signature", json=filled(version=1, tags=["c", "d"])),
        "batch": client.post("/signature/batch", data=batch, content_type="application/x-ndjson"),
        "get": client.get(of_one),
        "list": client.get("/signatures?document=doc&tags=a&count=true"),
        "name": client.get("/signatures?name=ivan"),
        "versions": client.get("/signature/versions?document=doc&thread=main"),
        "page": client.get("/app", headers={"Accept": "text/html"}),
        "delete": client.delete(of_one),
    }
    found = {name: (one.status_code, one.headers.get("Retry-After")) for name, one in asked.items()}
    for one in asked.values():
        one.close()
    return found


def test_whatever_is_damaged_no_request_is_an_internal_error(
    start_own_app: AppMaker, sqlite_url: str, file: Path
) -> None:
    client = start_own_app(DATABASE_URL=sqlite_url).test_client()
    save(client, tags=["a", "b"])
    close_database(client.application)
    _, roots = roots_of(file)
    whole = file.read_bytes()
    met = 0
    for name, _ in roots:
        app = start_own_app(DATABASE_URL=sqlite_url)
        damaged(file, name)
        found = answers(app.test_client())
        amiss = {asked: one for asked, one in found.items() if one[0] >= 500}
        assert all(one == (503, "5") for one in amiss.values()), (name, amiss)
        if amiss:
            met += 1
            message_of(app.test_client().get("/health/ready"), 503)
        close_database(app)
        for path in file.parent.glob(f"{file.name}*"):
            path.unlink()
        file.write_bytes(whole)
    assert met > len(roots) / 4


def test_damage_that_a_request_met_is_remembered_for_minutes(
    start_own_app: AppMaker, sqlite_url: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = start_own_app(DATABASE_URL=sqlite_url).test_client()
    save(client)
    damaged(file, "signers")
    close_database(client.application)
    content_of(client.get("/health/ready"))
    response = client.post("/signature", json=filled(thread="new"))
    assert message_of(response, 503) == AWAY
    assert message_of(client.get("/health/ready"), 503) == UNUSABLE
    monkeypatch.setattr(damage, "REMEMBERED", 0.0)
    content_of(client.get("/health/ready"))


def test_a_batch_reports_damage_line_by_line(
    start_own_app: AppMaker, sqlite_url: str, file: Path
) -> None:
    client = start_own_app(DATABASE_URL=sqlite_url).test_client()
    save(client)
    damaged(file, "signers")
    close_database(client.application)
    response = client.post(
        "/signature/batch",
        data=json.dumps(filled(thread="line")),
        content_type="application/x-ndjson",
    )
    assert '"code":503' in response.text


def test_a_large_signature_that_is_damaged_is_noted(
    start_own_app: AppMaker, sqlite_url: str, file: Path
) -> None:
    client = start_own_app(DATABASE_URL=sqlite_url).test_client()
    save(client)
    damaged(file, "versions")
    close_database(client.application)
    assert client.get("/signature/file?document=doc&thread=main").status_code == 503
    assert message_of(client.get("/health/ready"), 503) == UNUSABLE


def test_a_file_that_is_none_of_sqlite_is_away(
    start_own_app: AppMaker, sqlite_url: str, file: Path
) -> None:
    client = start_own_app(DATABASE_URL=sqlite_url).test_client()
    close_database(client.application)
    file.write_bytes(os.urandom(file.stat().st_size))
    assert message_of(client.post("/signature", json=filled()), 503) == AWAY
    assert message_of(client.get("/health/ready"), 503) == UNUSABLE


def test_other_errors_of_the_driver_remain_mistakes(sqlite_url: str) -> None:
    with opened(sqlite_url) as engine, engine.connect() as connection:
        with pytest.raises(IntegrityError, match="NOT NULL"):
            connection.exec_driver_sql("INSERT INTO leases (name) VALUES ('one')")
        assert not damage.was_met(engine)


@pytest.mark.parametrize(
    ("code", "is_damage"),
    [("XX001", True), ("XX002", True), ("58030", True), ("58P01", True), ("XX000", False)],
)
def test_postgresql_reports_damage_by_its_codes(
    postgresql_url: str, code: str, is_damage: bool
) -> None:
    raised = f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{code}'; END $$"
    with opened(postgresql_url) as engine, engine.connect() as connection:
        with pytest.raises(DBAPIError):
            connection.exec_driver_sql(raised)
        assert damage.was_met(engine) is is_damage
