"""Statements without end are broken off, and leave nothing behind."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from app.store.database import engine as database
from app.store.database import timeouts
from app.store.database.engine import snapshot, transaction
from config.settings import Settings
from tests.api.asking import content_of, message_of
from tests.conftest import AppMaker
from tests.pki import sign_xml
from tests.store import threads

pytestmark = pytest.mark.attacks

#: It ends after some minutes, and counts far enough to be slow.
ENDLESS = """
WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < 1000000000)
SELECT {what} FROM series
"""


@contextmanager
def bounded(url: str, seconds: float | None) -> Iterator[Engine]:
    """Yield an engine whose statements end after some seconds."""
    # The address of the tests bounds statements by itself, which goes first.
    address = Settings.from_env({"DATABASE_URL": url}).database_url
    if address.get_backend_name() == "postgresql":
        path = str(address.query["options"]).split()[0]
        address = address.update_query_dict({"options": path})
    engine = create_engine(address, **database.engine_options(address, None, 2, seconds))
    database.prepare(engine)
    try:
        yield engine
    finally:
        engine.dispose()


def change_and_hang(engine: Engine) -> None:
    """Write, and then ask for what never comes, in one transaction."""
    with transaction(engine) as connection:
        connection.execute(text("UPDATE signatures SET document = 'changed'"))
        connection.execute(text(ENDLESS.format(what="count(*)"))).all()


def test_an_endless_statement_is_cancelled(database_url: str) -> None:
    with bounded(database_url, 0.5) as engine:
        for _ in range(2):
            with engine.connect() as connection, pytest.raises(OperationalError):
                connection.execute(text(ENDLESS.format(what="count(*)"))).all()
        threads.save(engine, "after")
        assert [row.document for row in threads.find(engine)] == ["after"]


def test_what_was_written_before_is_undone(database_url: str) -> None:
    with bounded(database_url, 0.5) as engine:
        threads.save(engine, "before")
        with pytest.raises(OperationalError):
            change_and_hang(engine)
        assert [row.document for row in threads.find(engine)] == ["before"]


def test_rows_that_are_taken_slowly_are_not_cancelled(database_url: str) -> None:
    with bounded(database_url, 1.0) as engine, snapshot(engine) as connection:
        statement = text(ENDLESS.format(what="n").replace("1000000000", "400000"))
        rows = connection.execute(statement, execution_options={"yield_per": 50_000})
        wait = threading.Event()
        taken = 0
        while portion := rows.fetchmany(50_000):
            taken += len(portion)
            wait.wait(0.2)
        assert taken == 400_000


def test_commands_take_any_time(database_url: str) -> None:
    with bounded(database_url, 0.05) as engine:
        timeouts.lift(engine)
        statement = ENDLESS.format(what="count(*)").replace("1000000000", "1000000")
        with engine.connect() as connection:
            assert connection.execute(text(statement)).scalar_one() == 1_000_000


def test_a_request_whose_statement_is_cancelled_is_asked_to_retry(
    start_app: AppMaker, postgresql_url: str
) -> None:
    url = postgresql_url.replace("statement_timeout%3D10000", "lock_timeout%3D0")
    assert url != postgresql_url
    client = start_app(DATABASE_URL=url, STATEMENT_TIMEOUT="1").test_client()
    with bounded(postgresql_url, None) as engine, transaction(engine) as connection:
        connection.execute(text("LOCK TABLE signatures IN ACCESS EXCLUSIVE MODE"))
        for path in ("/signatures", "/signatures?limit=3", "/signature?document=a&thread=b"):
            answer = client.get(path)
            message_of(answer, 503)
            assert int(answer.headers["Retry-After"]) > 0
    content_of(client.get("/signatures"))


def test_a_save_that_waits_for_another_program_is_asked_to_retry(
    start_app: AppMaker, sqlite_url: str
) -> None:
    client = start_app(DATABASE_URL=sqlite_url, STATEMENT_TIMEOUT="1").test_client()
    given = {"document": "a", "thread": "b", "cms": sign_xml()}
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        answer = client.post("/signature", json=given)
        assert time.monotonic() - began < 15  # it was 30, which is when clients give up
        message_of(answer, 503)
        other.execute("ROLLBACK")
    other.close()
    content_of(client.post("/signature", json=given), 201)
