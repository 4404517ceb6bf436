"""The number of statements, which doesn't grow with what they are about."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from psycopg import Cursor, ServerCursor
from sqlalchemy import Engine, event
from sqlalchemy.pool import ConnectionPoolEntry

from app.store.database.engine import snapshot
from app.store.database.sessions import SESSION, Session
from app.store.search.criteria import Criteria
from app.store.signatures.listing import Page, find_page, search
from app.store.signatures.weighing import FEW_ROWS
from tests.store.threads import save, save_first_versions, save_versions, versions


@contextmanager
def counted_statements(engine: Engine) -> Iterator[list[str]]:
    """Note every statement that goes to the database."""
    statements: list[str] = []
    if engine.dialect.name == "sqlite":

        def note(*arguments: object) -> None:
            statements.append(str(arguments[2]))

        event.listen(engine, "before_cursor_execute", note)
        yield statements
        event.remove(engine, "before_cursor_execute", note)
        return

    # Some statements go to the driver directly, so that they are noted there.
    class Noting:
        def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:
            statements.append(str(query))
            return super().execute(query, *arguments, **options)  # type: ignore[misc]

    class NotingCursor(Noting, Cursor[Any]):
        pass

    class NotingServerCursor(Noting, ServerCursor[Any]):
        pass

    class NotingSession(Session):
        def fetch(self, sql: bytes, *arguments: Any, **options: Any) -> list[tuple[Any, ...]]:
            statements.append(sql.decode())
            return super().fetch(sql, *arguments, **options)

        def stream(self, sql: bytes, *arguments: Any, **options: Any) -> Iterator[tuple[Any, ...]]:
            statements.append(sql.decode())
            return super().stream(sql, *arguments, **options)

    def note_those_of(connection: Any, entry: ConnectionPoolEntry) -> None:
        entry.info[SESSION] = NotingSession(connection)
        connection.cursor_factory = NotingCursor
        connection.server_cursor_factory = NotingServerCursor

    event.listen(engine, "connect", note_those_of)
    engine.dispose()
    engine.connect().close()
    statements.clear()
    yield statements
    event.remove(engine, "connect", note_those_of)
    engine.dispose()


def fetch(engine: Engine, page: Page) -> None:
    """Read a list as a request does."""
    if page.is_short:
        with engine.connect() as connection:
            assert find_page(connection, page) is not None
    else:
        with snapshot(engine) as connection:
            list(search(connection, page))


@pytest.mark.slow
@pytest.mark.parametrize(("limit", "number"), [(0, 1), (2, 1), (FEW_ROWS, 1), (FEW_ROWS + 1, None)])
@pytest.mark.parametrize(
    "criteria", [Criteria(), Criteria(tags=("x", "y")), Criteria(thread="main", tags=("x",))]
)
def test_the_number_of_statements_does_not_grow_with_the_rows(
    engine: Engine, criteria: Criteria, limit: int, number: int | None
) -> None:
    with counted_statements(engine) as few:
        fetch(engine, Page(criteria, limit))
    more = (f"more {document}" for document in range(40))
    save_first_versions(engine, more, tags=["x", "y", "z"])
    with counted_statements(engine) as many:
        fetch(engine, Page(criteria, limit))
    if number is None:  # They are weighed, but for SQLite.
        number = 1 if engine.dialect.name == "sqlite" else 2
    assert len(few) == len(many) == number


def test_the_versions_of_a_thread_are_one_statement(engine: Engine) -> None:
    save_versions(engine, 20)
    with counted_statements(engine) as statements:
        versions(engine)
    assert len(statements) == 1


def test_a_save_is_a_constant_number_of_statements(engine: Engine) -> None:
    numbers = set()
    for seen, tags in enumerate([["x"], [str(number) for number in range(100)], ["x", "y"], []]):
        if seen:
            with counted_statements(engine) as statements:
                save(engine, seen=seen, tags=tags)
            numbers.add(len(statements))
        else:
            save(engine, tags=tags)
    assert len(numbers) == 1
