"""Beginnings of names that are no terms, of which tens of thousands of signers share one."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text

from app.store.search import terms
from app.store.search.criteria import Criteria
from app.store.signatures.listing import Page, find_page
from tests.conftest import EngineMaker

pytestmark = pytest.mark.attacks

NAMES = 100_000
FORM = "товарищество с ограниченной ответственностью"
#: Every so many is a name that goes on in another way.
OTHERS = 1000

SERIES = (
    "WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < :rows) "
)
HEADS = (
    "INSERT INTO signatures (document, thread, version, created_at, updated_at, stage) "  # noqa: S608
    + SERIES
    + "SELECT 'doc ' || n, 'main', 1, '2025-06-01 12:00:00.000000', '2025-06-01 12:00:00.000000', "
    "'s' || (n % 2) FROM series"
)
VERSIONS = (
    "INSERT INTO versions (signature_id, version, cms, tags, created_at) "
    "SELECT id, 1, 'MII=', '[]', created_at FROM signatures"
)
NAME = f"'{FORM} ' || CASE id % {OTHERS} WHEN 0 THEN 'редкое ' ELSE 'частое ' END || id"
SIGNERS = (
    "INSERT INTO signers (signature_id, version, number, claimed_name, digest_algorithm, facts) "  # noqa: S608
    f"SELECT id, 1, 1, {NAME}, '2.16', '{{}}' FROM signatures"
)
IDS = text("SELECT id FROM signatures")
INDEX = "INSERT INTO signature_terms (term, signature_id) VALUES (:term, :id)"
BEGINNINGS = "INSERT INTO signature_terms (term, signature_id) SELECT :term, id FROM signatures"


def term(thread: int) -> str:
    """Return the term of the whole name of who signed a thread."""
    kind = "частое" if thread % OTHERS else "редкое"
    return terms.whole_names(f"{FORM} {kind} {thread}")[0]


@pytest.fixture(name="named")
def filled(open_engine: EngineMaker, database_url: str) -> Engine:
    """Provide a database with as many names."""
    engine = open_engine(database_url)
    with engine.connect() as connection:
        connection.execute(text(HEADS), {"rows": NAMES})
        for statement in (VERSIONS, SIGNERS):
            connection.execute(text(statement))
        rows = [{"term": term(one), "id": one} for one in connection.execute(IDS).scalars()]
        connection.execute(text(INDEX), rows)
        connection.execute(text(BEGINNINGS), {"term": terms.first_letter(FORM)})
        connection.execute(text("ANALYZE"))
    return engine


def seconds(engine: Engine, expected: list[int], criteria: Criteria, offset: int = 0) -> float:
    """Return the seconds of a processor that a page takes, here and in PostgreSQL."""
    with engine.connect() as connection:
        began = spent(connection)
        rows = find_page(connection, Page(criteria, 20, offset))
        taken = spent(connection) - began
    assert rows is not None
    assert [row.id for row in rows] == expected
    return taken


def spent(connection: Connection) -> float:
    """Return the seconds that this process has computed, with the one that serves a connection."""
    mine = time.process_time()
    if connection.dialect.name == "sqlite":
        return mine
    server = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    # Behind the name, which may have blanks: the 12th and 13th field are ticks (proc(5)).
    fields = Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()
    return mine + sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def test_pages_of_a_name_that_all_share_are_found_at_once(named: Engine) -> None:
    shared, ids = Criteria(name=FORM), list(range(NAMES, 0, -1))
    rare = Criteria(name=f"{FORM} редкое")
    often = Criteria(name=f"{FORM} частое")
    staged = Criteria(name=FORM, stage="s0")
    one = Criteria(name=f"{FORM} частое 77777")
    taken = {
        "first": seconds(named, ids[:20], shared),
        "short": seconds(named, ids[:20], Criteria(name=FORM[:3])),
        "often": seconds(named, [n for n in ids[:30] if n % OTHERS][:20], often),
        "rare": seconds(named, [n for n in ids if not n % OTHERS][:20], rare),
        "one": seconds(named, [77777], one),
        "staged": seconds(named, [n for n in ids if not n % 2][:20], staged),
    }
    assert max(taken.values()) < 0.25, taken
    offsets = [seconds(named, ids[n : n + 20], shared, n) for n in (10_000, 50_000, 90_000)]
    assert offsets[2] < 1.0, offsets
    # Both are so far back that PostgreSQL compiles them, which takes as long as to run them.
    assert offsets[2] < 3 * offsets[1], offsets
