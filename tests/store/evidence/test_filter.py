"""The first page of a list by evidence takes as long with many threads as with few."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from app.store.search.criteria import Criteria, EvidenceFilter
from app.store.signatures.listing import Cursor, Page, find_page

FEW, MANY = 2_000, 20_000
#: Threads in states that come in turn; of each tenth a newer version is current.
FILL = """
    INSERT INTO signatures (id, document, thread, version, created_at, updated_at, public_id)
    SELECT number, 'doc ' || number, 'main', 1, :moment, :moment, {uuid} FROM {numbers};
    INSERT INTO versions (signature_id, version, cms, tags, terms, created_at)
    SELECT number, 1, 'CMS', '["common"]', '[]', :moment FROM {numbers};
    INSERT INTO signature_tags (tag, signature_id) SELECT 'common', number FROM {numbers};
    INSERT INTO evidence_jobs (signature_id, version, urgency, due_at, attempts)
    SELECT number, 1, 2, :moment, 0 FROM {numbers} WHERE number % 2 = 0;
    INSERT INTO evidence_threads (state, signature_id, version)
    SELECT CASE WHEN number % 1000 = 1 THEN 'impossible' ELSE 'complete' END, number,
        CASE WHEN number % 10 = 3 THEN 0 ELSE 1 END
    FROM {numbers} WHERE number % 2 = 1;"""
#: What SQLite has for generate_series.
NUMBERS = """
    (WITH RECURSIVE n(number) AS (SELECT {first} UNION ALL SELECT number + 1 FROM n
    WHERE number < {last}) SELECT number FROM n)"""
#: Rows that were looked at in the transaction.
ROWS_READ = text("""
    SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0) FROM pg_stat_xact_user_tables
    WHERE schemaname = current_schema()""")
CASES = [
    Criteria(evidence="pending"),
    Criteria(evidence="complete"),
    Criteria(evidence="impossible"),
    Criteria(evidence="pending", tags=("common",)),
    Criteria(evidence="complete", tags=("common",)),
    Criteria(evidence="impossible", tags=("common",)),
    Criteria(evidence="complete", thread="main"),
]


def fill(engine: Engine, first: int, last: int) -> None:
    is_sqlite = engine.dialect.name == "sqlite"
    numbers = f"generate_series({first}, {last}) AS number"
    if is_sqlite:
        numbers = NUMBERS.format(first=first, last=last)
    uuid = "printf('%036d', number)" if is_sqlite else "gen_random_uuid()"
    moment = "'2026-01-01 00:00:00.000000'"
    with engine.connect() as connection:
        for statement in FILL.split(";")[:-1]:
            filled = statement.format(numbers=numbers, uuid=uuid).replace(":moment", moment)
            connection.execute(text(filled))
        connection.execute(text("ANALYZE"))


def cost(engine: Engine, criteria: Criteria) -> int:
    """Return what a page reads: rows on PostgreSQL, hundreds of steps on SQLite."""
    page = Page(criteria, 20, cursor=Cursor())
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            return _steps(connection, page)
        connection.execution_options(isolation_level="READ COMMITTED")
        before = connection.execute(ROWS_READ).scalar_one()
        rows = find_page(connection, page)
        assert rows
        return int(connection.execute(ROWS_READ).scalar_one() - before)


def _steps(connection: Connection, page: Page) -> int:
    driver: Any = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    steps = 0

    def note() -> None:
        nonlocal steps
        steps += 1

    driver.set_progress_handler(note, 100)
    rows = find_page(connection, page)
    driver.set_progress_handler(None, 0)
    assert rows
    return steps


@pytest.mark.slow
def test_a_page_by_evidence_is_read_from_an_index(engine: Engine) -> None:
    fill(engine, 1, FEW)
    few = [cost(engine, criteria) for criteria in CASES]
    fill(engine, FEW + 1, MANY)
    many = [cost(engine, criteria) for criteria in CASES]
    for criteria, before, now in zip(CASES, few, many, strict=True):
        assert now < 2 * before + 100, (criteria, few, many)


@pytest.mark.slow
@pytest.mark.parametrize("state", ["pending", "complete", "impossible"])
def test_the_pages_hold_each_thread_once(engine: Engine, state: EvidenceFilter) -> None:
    fill(engine, 1, FEW)
    expected = {
        "pending": [n for n in range(FEW, 0, -1) if n % 2 == 0],
        "complete": [n for n in range(FEW, 0, -1) if n % 2 and n % 10 != 3 and n % 1000 != 1],
        "impossible": [n for n in range(FEW, 0, -1) if n % 1000 == 1],
    }
    for tags in ((), ("common",)):
        found, cursor = [], Cursor()
        while cursor.before:
            with engine.connect() as connection:
                page = Page(Criteria(evidence=state, tags=tags), 150, cursor=cursor)
                found += [row.id for row in find_page(connection, page) or []]
            cursor = Cursor(cursor.following or 0)
        assert found == expected[state]
