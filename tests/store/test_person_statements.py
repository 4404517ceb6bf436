"""By which index the signings of a person are found."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from app.store.persons.statements import Kind, more_statement
from tests.conftest import EngineMaker


def plan_on_sqlite(engine: Engine, kinds: tuple[Kind, ...]) -> str:
    """Ask SQLite how it would count the signings of a person."""
    statement = more_statement(kinds).compile(engine)
    values = dict.fromkeys(("number", "term_iin", "term_bin"), "850101300017")
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            f"EXPLAIN QUERY PLAN {statement}",
            tuple(values[name] for name in statement.positiontup or ()),
        )
        return "\n".join(row[3] for row in rows)


@pytest.mark.parametrize("kinds", [("iin",), ("bin",), ("iin", "bin")])
def test_newer_packages_are_looked_up_by_document_and_thread_at_once(
    open_engine: EngineMaker, sqlite_url: str, kinds: tuple[Kind, ...]
) -> None:
    """All packages may have one document code, or one thread: neither may be followed alone."""
    plan = plan_on_sqlite(open_engine(sqlite_url), kinds)
    index = "ix_package_documents_document_thread (document=? AND thread=? AND package_id>?)"
    assert plan.count(index) == len(kinds)
