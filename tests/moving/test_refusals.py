"""What `flask move` refuses, in one sentence, and what it doesn't print."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask

from tests.conftest import AppMaker, schema_on
from tests.moving.conftest import Move
from tests.moving.server import OLDER_TABLES, TABLES, OriginalServer, connected
from tests.test_cli import run

ROW = ("MII", "2024-01-01 00:00:00", None, None)


@contextmanager
def second_original(postgres_url: str) -> Iterator[tuple[OriginalServer, str]]:
    """Yield another original server, and the schema that it has in the same database."""
    with schema_on(postgres_url) as written, connected(written.replace("+", "%20")) as cursor:
        cursor.execute(TABLES)
        cursor.execute("SELECT current_schema()")
        (schema,) = cursor.fetchone()
        yield OriginalServer(cursor, written), schema


def refuse(move: Move, *arguments: str, **env: str) -> str:
    """Return the one line of a refusal."""
    moved = move(*arguments, **env)
    database, line = moved.reported.splitlines()
    assert database.startswith("database: ")
    error = {"status": False, "message": line.removeprefix("Error: "), "content": None}
    assert (moved.status, moved.report) == (2, error)
    return line


def test_a_database_of_the_older_generation_is_refused(
    move: Move, original: OriginalServer
) -> None:
    original.execute(f"DROP TABLE {', '.join(original.dump())}; {OLDER_TABLES}")
    assert "older generation (chain, stage, parent)" in refuse(move)


def test_a_database_without_the_tables_is_refused(move: Move, original: OriginalServer) -> None:
    original.execute(f"DROP TABLE {', '.join(original.dump())}")
    assert "no table ncanode_signature" in refuse(move)


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("ncanode_signature", "cms"),
        ("ncanode_signature_version", "version_comment"),
        ("ncanode_tag", "code"),
    ],
)
def test_tables_that_are_not_those_that_are_known_are_refused(
    move: Move, original: OriginalServer, table: str, column: str
) -> None:
    original.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    assert f"table {table} has no {column}" in refuse(move)


def test_of_several_schemas_one_must_be_named(
    move: Move, original: OriginalServer, postgres_url: str
) -> None:
    original.save("first", "main", [ROW])
    with second_original(postgres_url) as (second, schema):
        second.save("second", "main", [ROW])
        second.save("third", "main", [ROW])
        assert schema in refuse(move)
        assert "'nowhere'" in refuse(move, "--from-schema", "nowhere")
        moved = move("--from-schema", schema)
    assert (moved.status, moved.report["threads"]) == (0, 2)


def test_a_role_that_may_not_see_which_ids_were_assigned_is_refused(
    move: Move, original: OriginalServer
) -> None:
    original.save("first", "main", [ROW])
    original.execute("SELECT current_schema()")
    (schema,) = original.cursor.fetchone()
    original.execute(f"""CREATE ROLE {schema} LOGIN; GRANT USAGE ON SCHEMA {schema} TO {schema};
        GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {schema}""")
    try:
        address = original.url.replace("postgres@", f"{schema}@")
        moved = move(MOVE_FROM=address)
        reason = "permission denied for sequence ncanode_signature_id_seq\n"
        assert (moved.status, moved.reported.endswith(reason)) == (2, True)
        original.execute(f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {schema}")
        assert move(MOVE_FROM=address).status == 0
    finally:
        original.execute(f"DROP OWNED BY {schema}; DROP ROLE {schema}")


@pytest.mark.parametrize(
    "address",
    [
        "mysql://user:s3cret@127.0.0.1/base",
        "host=127.0.0.1 password=s3cret",
        "postgresql://user:s3/cret@127.0.0.1/base",
        "postgresql://user:s3@cret@127.0.0.1/base",
        "postgresql://user:s3#cret@127.0.0.1/base",
        "postgresql://user:s3cret@127.0.0.1:1/base",
        "postgresql://user:s3cret@127.0.0.1:s3cret/base",
        "postgresql://user:s3cret@127.0.0.1:99999/base?s3=cret",
        "postgresql://user:s3cret@127.0.0.1/base?nonsense=1",
    ],
)
def test_an_address_that_cannot_be_used_is_reported_without_its_password(
    move: Move, address: str
) -> None:
    reported = refuse(move, MOVE_FROM=address)
    assert "original's" in reported
    for part in ("user:s3", "s3cret@", "cret@", "password=s3"):
        assert part not in reported


def test_a_key_that_is_none_is_refused_without_being_repeated(move: Move) -> None:
    reported = refuse(move, NCANODE_ENCRYPTION_KEY="def0000s3cret")
    assert "NCANODE_ENCRYPTION_KEY" in reported
    assert "s3cret" not in reported


def test_without_an_address_sqlite_has_no_original(start_app: AppMaker, sqlite_url: str) -> None:
    status, reported = run(start_app(DATABASE_URL=sqlite_url), "move")
    assert status == 2
    assert reported.endswith(
        "Error: MOVE_FROM must be set: the address of the original's database\n"
    )


def test_a_store_without_tables_is_refused(start_app: AppMaker, empty_url: str) -> None:
    app = start_app(DATABASE_URL=empty_url)
    status, reported = run(app, "move", "--from", "postgresql://127.0.0.1:1/none")
    assert status == 2
    assert "run `flask --app wsgi db upgrade` first" in reported


def test_the_original_s_tables_may_lie_in_the_store_s_own_database(
    start_app: AppMaker, postgresql_url: str, original: OriginalServer
) -> None:
    original.save("first", "main", [ROW])
    app: Flask = start_app(DATABASE_URL=postgresql_url)
    assert run(app, "move")[0] == 0
    assert run(app, "move", "--from", original.url)[0] == 0


def test_a_store_in_a_schema_of_its_own_is_moved_into(
    start_app: AppMaker, postgres_url: str, original: OriginalServer
) -> None:
    original.save("first", "main", [ROW])
    original.execute("SELECT setval('ncanode_signature_id_seq', 40)")
    with schema_on(postgres_url) as url, connected(url.replace("+", "%20")) as cursor:
        cursor.execute("SELECT current_schema()")
        (schema,) = cursor.fetchone()
        app = start_app(DATABASE_URL=postgres_url, PG_SCHEMA=schema)
        assert run(app, "db", "upgrade")[0] == 0
        assert run(app, "move")[0] == 0
        cursor.execute("SELECT nextval('signatures_id_seq')")
        assert cursor.fetchone() == (41,)
