"""What the function of PostgreSQL does in a way of its own; see test_chains for all the rest."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from app.store.search.tag_pairs import pairs_of
from tests.conftest import EngineMaker
from tests.store.threads import get, save, save_first_versions

#: What a save is given here besides what each says.
USUAL = {
    "compare": True,
    "new_document": "doc",
    "new_thread": "main",
    "new_cms": "text",
    "new_stage": None,
    "new_created_by": None,
    "new_comment": None,
    "new_tags": "[]",
    "new_terms": "[]",
    "new_signers": "[]",
    "new_signature_sha256": None,
    "new_content_sha256": None,
    "new_signed_at": None,
    "new_format": None,
    "new_signature_size": None,
    "new_content_size": None,
    "new_method": None,
    "new_saved_by": None,
}
#: Rows found by an index; it grows within a transaction.
READ_OF_HEADS = text(
    "SELECT coalesce(max(idx_tup_fetch), 0) FROM pg_stat_xact_user_tables"
    " WHERE relname = 'signatures' AND schemaname = current_schema()"
)
#: Pages that a save may touch, however much is stored; whole tables and indexes have more here.
PAGES = 200


def pages_of_save(connection: Connection, seen: int, *tags: str, **given: Any) -> int:
    """Save, and count the pages of tables and indexes that were looked at."""
    values = {**USUAL, "seen": seen, "new_tags": json.dumps(tags), **given}
    call = ", ".join(f"{name} => :{name}" for name in values)
    statement = text(
        f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * FROM save_version({call})"  # noqa: S608
    )
    ((found,),) = connection.execute(statement, values)
    plan = found[0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def fill(engine: Engine, threads: range) -> None:
    save_first_versions(engine, map(str, threads), tags=["a", "b", "c", "d", "e"])


def analyze(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("ANALYZE"))


@pytest.mark.slow
def test_a_thread_is_found_alone_among_all_of_its_document(
    open_engine: EngineMaker, postgresql_url: str
) -> None:
    engine = open_engine(postgresql_url)
    fill(engine, range(5000))
    for number in range(500):
        save(engine, thread=f"{number}")
    analyze(engine)
    with engine.connect() as connection:
        connection.execution_options(isolation_level="READ COMMITTED")
        before = connection.execute(READ_OF_HEADS).scalar_one()
        pages_of_save(connection, 1, new_thread="7")
        read = connection.execute(READ_OF_HEADS).scalar_one() - before
    assert read < 10


@pytest.mark.slow
def test_plans_made_while_there_was_little_read_no_more_when_there_is_much(
    open_engine: EngineMaker, postgresql_url: str
) -> None:
    engine = open_engine(postgresql_url)
    fill(engine, range(20))
    analyze(engine)
    with engine.connect() as connection:
        for seen in range(8):
            terms = json.dumps([f"term {seen}"])
            pages_of_save(connection, seen, "a", f"b{seen}", new_terms=terms)
        fill(engine, range(20, 10_000))
        pages = pages_of_save(connection, 8, "b8", "c", new_terms='["other"]')
    assert pages < PAGES
    assert get(engine).tags == ["b8", "c"]


def test_a_program_of_before_gives_no_pairs_and_the_function_computes_them(
    open_engine: EngineMaker, postgresql_url: str
) -> None:
    pairs = text("SELECT pair FROM signature_pairs")
    with open_engine(postgresql_url).connect() as connection:
        for seen, tags in enumerate((["b", "a", "ё"], ["c", "a"], ["c"])):
            pages_of_save(connection, seen, *tags)
            assert set(connection.execute(pairs).scalars()) == set(pairs_of(tags))


def test_each_item_of_a_signer_is_stored_as_it_was_sent(
    open_engine: EngineMaker, postgresql_url: str
) -> None:
    facts = '{"name": "a \\"b\\" \\u0451, {c}", "none": null}'
    texts = ["900101300017", None, 'а "б", {в}', "1.2", "NULL"]
    moment = "2026-01-31 10:20:30.5"
    first = json.dumps([1, *texts, moment, "FACTS", None, None, 7]).replace('"FACTS"', facts)
    second = json.dumps([2, None, "", "x", "1.2", None, None, {}, -1, "why", None])
    rows = text("SELECT * FROM signers ORDER BY number")
    with open_engine(postgresql_url).connect() as connection:
        pages_of_save(connection, 0, new_signers=f"[{first}, {second}]")
        one, two = connection.execute(rows).mappings()
        written = connection.execute(text("SELECT facts::text FROM signers")).scalars().first()
    assert list(one.values())[2:8] == [1, *texts]
    assert one["verified_gen_time"] == datetime(2026, 1, 31, 10, 20, 30, 500_000, UTC)
    assert written == facts
    assert (one["standing"], one["standing_reason"], one["judged_against"]) == (None, None, 7)
    assert (two["standing"], two["standing_reason"], two["judged_against"]) == (-1, "why", None)
    assert (two["claimed_bin"], two["message_digest"], two["facts"]) == ("", None, {})
