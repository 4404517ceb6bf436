"""Statements that PostgreSQL keeps: which ones, by which plan, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import Connection, Engine, delete, make_url, text
from sqlalchemy.exc import DBAPIError

from app.store.migrations import upgrade
from app.store.models import Signature
from app.store.search.criteria import Criteria
from app.store.signatures.listing import Page, find_page
from app.store.signatures.reading import list_few_versions
from app.store.signatures.records import SignatureRecord
from tests.conftest import opened, schema_on, write_url
from tests.store.threads import find, get, save, versions

KEPT = "SELECT name, statement, parameter_types::text FROM pg_prepared_statements"
#: What is found in one index, whatever the value is.
PLAIN = (Criteria(tags=("a",)), Criteria(iin="900101300017"), Criteria(sha256="0" * 64))
#: What is found in the way that is best for the values.
OTHERS = (
    Criteria(),
    Criteria(document="main", tags=("a",)),
    Criteria(thread="story"),
    Criteria(tags=("a", "b")),
    Criteria(tags=("a", "b"), tags_mode="all"),
    Criteria(name="ИВАНОВ", iin="900101300017"),
    Criteria(name="ТОВАРИЩЕСТВО С ОГРАНИЧЕННОЙ ОТВЕТСТВЕННОСТЬЮ"),
)


@pytest.fixture(name="generic")
def never_analyzed(postgres_url: str) -> Iterator[Engine]:
    """Provide a database without statistics, which uses generic plans."""
    with schema_on(postgres_url) as url:
        address = make_url(url)
        options = f"{address.query['options']} -cplan_cache_mode=force_generic_plan"
        with opened(write_url(address.update_query_dict({"options": options}))) as engine:
            upgrade(engine)
            yield engine


def kept(connection: Connection) -> list[str]:
    """Return the statements that the session keeps."""
    return [row.statement for row in connection.execute(text(KEPT))]


def page(engine: Engine, criteria: Criteria) -> list[SignatureRecord] | None:
    """Return a page, as a request finds it."""
    with engine.connect() as connection:
        return find_page(connection, Page(criteria, 5))


def few_versions(engine: Engine) -> list[SignatureRecord] | None:
    """Return the versions of a thread, as a request finds them."""
    with engine.connect() as connection:
        return list_few_versions(connection, "doc", "main")


def plan(connection: Connection, name: str, types: str) -> str:
    """Return the plan of a statement that is kept."""
    values = ["'x'" if "char" in kind or kind == "text" else "7" for kind in types.split(",")]
    explain = f"EXPLAIN EXECUTE {name} ({', '.join(values)})"
    return "\n".join(row[0] for row in connection.exec_driver_sql(explain))


def test_what_is_found_in_one_way_is_kept_once(generic: Engine) -> None:
    save(generic)
    for _ in range(3):
        save(generic, seen=get(generic).version)
        few_versions(generic)
        for criteria in PLAIN:
            page(generic, criteria)
    with generic.connect() as connection:
        found = kept(connection)
    # The pool gives the connection last used first, so there is but one.
    assert len(found) == len(set(found))
    assert [line for line in found if "save_version(" in line]
    assert [line for line in found if "signature_tags.tag = " in line]
    assert [line for line in found if "signature_terms.term = " in line]
    assert [line for line in found if "ORDER BY versions.version DESC" in line]
    assert len(found) == 5


def test_what_depends_on_values_is_planned_for_them(generic: Engine) -> None:
    save(generic)
    generic.dispose()
    for _ in range(7):
        for criteria in OTHERS:
            page(generic, criteria)
        for criteria in (*PLAIN, *OTHERS):
            find(generic, criteria)
        versions(generic)
        get(generic, version=1)
    with generic.connect() as connection:
        assert kept(connection) == []


def test_what_is_kept_looks_everything_up_in_indexes(generic: Engine) -> None:
    save(generic)
    get(generic)
    few_versions(generic)
    for criteria in PLAIN:
        page(generic, criteria)
    with generic.connect() as connection:
        for name, statement, types in connection.execute(text(KEPT)).all():
            if "save_version(" not in statement:
                found = plan(connection, name, types.strip("{}"))
                assert "Seq Scan" not in found
                assert "Bitmap" not in found
                # Each scan is led by what it is asked for.
                assert found.count("Scan") == found.count("Index Cond") >= 2, found


def test_a_long_answer_lets_what_is_kept_stay(generic: Engine) -> None:
    save(generic)
    get(generic)
    with generic.connect() as connection:
        before = kept(connection)
    assert len(find(generic)) == 1
    with generic.connect() as connection:
        assert kept(connection) == before != []


def test_a_column_that_is_altered_meanwhile_is_read_on(generic: Engine) -> None:
    save(generic)
    for kind in ("varchar", "text"):
        assert get(generic).version == 1
        with opened(write_url(generic.url)) as other, other.connect() as connection:
            connection.execute(text(f"ALTER TABLE versions ALTER comment TYPE {kind}"))
    assert get(generic).version == 1
    with generic.connect() as connection:
        assert len(kept(connection)) == 1


def test_sessions_that_can_only_read_are_left(generic: Engine) -> None:
    """They began while the database was read-only, and would stay so after that has ended."""
    save(generic, "before")
    with ExitStack() as stack:
        for _ in range(3):
            connection = stack.enter_context(generic.connect())
            connection.exec_driver_sql("SET default_transaction_read_only = on")
    with pytest.raises(DBAPIError, match="read-only"):
        save(generic, "refused")
    for number in range(3):
        save(generic, f"after {number}")
    with ExitStack() as stack:
        for _ in range(3):
            connection = stack.enter_context(generic.connect())
            connection.exec_driver_sql("SET default_transaction_read_only = on")
    with pytest.raises(DBAPIError, match="read-only"), generic.connect() as connection:
        connection.execute(delete(Signature))
    assert len(find(generic)) == 4
    save(generic, "at last")
