"""PostgreSQL that isn't there yet, and databases and schemas in it that aren't."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from sqlalchemy.engine import URL, make_url

from app.store.database import arrival
from app.store.database.arrival import NotThere
from config.settings import Settings
from tests.live.server import PROJECT, environment
from tests.postgresql import PostgresServer, free_port

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", name="server")
def start_server() -> Iterator[PostgresServer]:
    """Provide a server with a role that may make databases, and one that may not."""
    with PostgresServer(durable=False) as server:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE ROLE maker LOGIN CREATEDB")
            connection.execute("CREATE ROLE clerk LOGIN")
        yield server


def url_of(**env: str) -> URL:
    """Return the address that an environment leads to."""
    return Settings.from_env(env).database_url


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command as an operator does."""
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *arguments],
        cwd=PROJECT,
        env=environment(settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def the_original(server: PostgresServer, **settings: str) -> dict[str, str]:
    """Return the variables of the original server that lead to a server."""
    return {"PG_HOST": "127.0.0.1", "PG_PORT": str(server.port), **settings}


def query(server: PostgresServer, database: str, sql: str) -> list[tuple[object, ...]]:
    """Run a statement as a superuser."""
    with psycopg.connect(server.database_url(quote(database)), autocommit=True) as connection:
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


def test_with_the_originals_variables_alone_database_and_schema_are_made(
    server: PostgresServer,
) -> None:
    variables = the_original(server, PG_SCHEMA="ncanode")
    done = run("db", "upgrade", **variables)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [
        f"database: postgresql 127.0.0.1:{server.port}/ncanode, schema ncanode",
        "the database was missing, and has been made",
    ]
    assert query(server, "ncanode", "SELECT count(*) FROM ncanode.signatures") == [(0,)]
    assert query(server, "ncanode", "SHOW server_encoding") == [("UTF8",)]
    again = run("db", "upgrade", **variables)
    assert (again.returncode, len(again.stderr.splitlines())) == (0, 1)


def test_a_restore_makes_what_is_missing_as_well(server: PostgresServer, tmp_path: Path) -> None:
    file = {"DATABASE_URL": f"sqlite:///{tmp_path}/store.sqlite3"}
    backup, trust = str(tmp_path / "a.backup"), {"TRUST_DIR": str(tmp_path / "trust")}
    for arguments in (["db", "upgrade"], ["backup", backup]):
        assert run(*arguments, **file, **trust).returncode == 0
    variables = the_original(server, PG_DATABASE="lost", PG_SCHEMA="ncanode")
    done = run("restore", backup, **variables, **trust)
    assert done.returncode == 0, done.stderr
    assert "the database was missing, and has been made" in done.stderr.splitlines()
    assert run("compare", backup, **variables, **trust).returncode == 0


def test_a_role_that_may_makes_its_database(server: PostgresServer) -> None:
    variables = the_original(server, PG_USER="maker", PG_DATABASE='made by it\'s "maker"')
    url = url_of(**variables)
    assert arrival.ensure_database(url, "PG_DATABASE")
    assert not arrival.ensure_database(url, "PG_DATABASE")
    assert query(server, 'made by it\'s "maker"', "SELECT 1") == [(1,)]


@pytest.mark.parametrize("way", ["PG_DATABASE", "DATABASE_URL"])
def test_a_role_without_permission_reads_what_to_do(server: PostgresServer, way: str) -> None:
    variables = the_original(server, PG_USER="clerk", PG_DATABASE="missing")
    if way == "DATABASE_URL":
        variables = {"DATABASE_URL": f"postgres://clerk@127.0.0.1:{server.port}/missing"}
    done = run("db", "upgrade", **variables)
    assert done.returncode == 1
    _, line = done.stderr.splitlines()
    assert line == (
        f'Error: {way}: there is no database "missing", and the role "clerk" may not make it: '
        'have a superuser run CREATE DATABASE "missing" OWNER "clerk" ENCODING \'UTF8\' '
        "TEMPLATE template0"
    )
    query(server, "postgres", line.partition("superuser run ")[2])
    assert run("db", "upgrade", **variables).returncode == 0
    query(server, "postgres", "DROP DATABASE missing")


def test_several_that_make_it_at_once_do_not_disturb_each_other(server: PostgresServer) -> None:
    url = url_of(**the_original(server, PG_DATABASE="wanted by many"))
    together = threading.Barrier(6)

    def make(_number: int) -> bool:
        together.wait()
        return arrival.ensure_database(url, "PG_DATABASE")

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(make, range(6))) == 1


def test_a_schema_that_may_not_be_made_is_reported(server: PostgresServer) -> None:
    server.create_database("schemas")
    variables = the_original(server, PG_USER="clerk", PG_DATABASE="schemas", PG_SCHEMA="office")
    done = run("db", "upgrade", **variables)
    assert done.returncode == 1
    _, line = done.stderr.splitlines()
    assert line == (
        'Error: PG_SCHEMA: there is no schema "office", and the role "clerk" may not make it: '
        'have the owner of the database run CREATE SCHEMA "office" AUTHORIZATION "clerk"'
    )
    query(server, "schemas", line.partition("database run ")[2])
    # It is there now, and takes no right to make others.
    assert run("db", "upgrade", **variables).returncode == 0


def test_a_schema_without_room_for_tables_is_reported(server: PostgresServer) -> None:
    server.create_database("full")
    query(server, "full", "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    variables = the_original(server, PG_USER="clerk", PG_DATABASE="full")
    done = run("db", "upgrade", **variables)
    assert done.returncode == 1
    [_, line] = done.stderr.splitlines()
    assert line == (
        'Error: the role "clerk" may not make tables in the schema "public": have its owner run '
        'GRANT CREATE ON SCHEMA "public" TO "clerk", or set PG_SCHEMA'
    )
    query(server, "full", "REVOKE ALL ON SCHEMA public FROM PUBLIC")
    done = run("db", "upgrade", **variables)
    assert "may use no schema that it finds by itself: set PG_SCHEMA" in done.stderr


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "WIN1251"])
def test_a_database_that_cannot_hold_every_text_is_refused(
    server: PostgresServer, encoding: str
) -> None:
    make = f"CREATE DATABASE {encoding} ENCODING '{encoding}' TEMPLATE template0"
    query(server, "postgres", make)
    done = run("db", "upgrade", **the_original(server, PG_DATABASE=encoding.lower()))
    assert done.returncode == 1
    _, line = done.stderr.splitlines()
    assert line == (
        f"Error: the database has the encoding {encoding}, and must have UTF8, for any text: "
        "name another one, which is created if it is missing"
    )


def test_migrations_go_past_the_pooler(server: PostgresServer) -> None:
    variables = {
        "PG_HOST": f"127.0.0.1:{free_port()}",
        "PG_REAL_HOST": f"127.0.0.1:{server.port}",
        "PG_DATABASE": "past",
    }
    done = run("db", "upgrade", **variables)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(f"database: postgresql 127.0.0.1:{server.port}/past\n")


def test_a_server_that_never_comes_is_given_up_by_the_variable_that_names_it() -> None:
    port = free_port()
    for variable, settings in (
        ("PG_HOST", {"PG_HOST": "127.0.0.1", "PG_PORT": str(port)}),
        ("PG_REAL_HOST", {"PG_HOST": "pooler", "PG_REAL_HOST": f"127.0.0.1:{port}"}),
        ("DATABASE_URL", {"DATABASE_URL": f"postgres://me:s3cret@127.0.0.1:{port}/ncanode"}),
    ):
        done = run("db", "upgrade", PG_WAIT="1", **settings)
        assert done.returncode == 1
        [_, line] = done.stderr.splitlines()
        assert line == (
            f"Error: the database can't be used: {variable} leads to postgresql "
            f"127.0.0.1:{port}/ncanode, which does not answer (1 s of waiting)"
        )


def test_parameters_that_do_not_fit_are_not_waited_for() -> None:
    url = make_url("postgresql+psycopg://u@127.0.0.1/db?target_session_attrs=writable")
    with pytest.raises(NotThere, match="DATABASE_URL has parameters that can't be"):
        arrival.wait(url, 60, "DATABASE_URL")


@pytest.mark.parametrize(
    ("variable", "settings"),
    [
        ("PG_HOST", {"PG_HOST": "127.0.0.1", "PG_PORT": "1"}),
        ("DATABASE_URL", {"DATABASE_URL": "postgresql://127.0.0.1:1/base"}),
    ],
)
def test_any_command_names_the_variable_that_leads_nowhere(
    variable: str, settings: dict[str, str]
) -> None:
    done = run("stats", **settings)
    assert done.returncode == 1
    assert f"Error: the database that {variable} names can't be used: " in done.stderr
    assert ("DATABASE_URL" in done.stderr) == (variable == "DATABASE_URL")


def test_a_wrong_password_is_not_taken_for_a_missing_database(server: PostgresServer) -> None:
    url = url_of(DATABASE_URL=f"postgres://stranger@127.0.0.1:{server.port}/none")
    arrival.wait(url, 0, "DATABASE_URL")
    assert not arrival.ensure_database(url, "DATABASE_URL")


def test_a_file_is_neither_waited_for_nor_made(tmp_path: Path) -> None:
    url = url_of(DATABASE_URL=f"sqlite:///{tmp_path}/store.sqlite3")
    arrival.wait(url, 0, "DATABASE_URL")
    assert not arrival.ensure_database(url, "DATABASE_URL")
    assert os.listdir(tmp_path) == []


def test_a_server_that_comes_later_is_waited_for(server: PostgresServer) -> None:
    server.stop()
    began = time.monotonic()
    starter = threading.Timer(3, server.start)
    starter.start()
    try:
        done = run("db", "upgrade", **the_original(server, PG_DATABASE="late"))
    finally:
        starter.join()
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - began > 3


@pytest.mark.parametrize("attributes", ["", "?target_session_attrs=read-write"])
def test_several_hosts_are_tried_as_libpq_does(server: PostgresServer, attributes: str) -> None:
    hosts = f"127.0.0.1:{free_port()},127.0.0.1:{server.port}"
    url = f"postgresql://postgres@{hosts}/several{attributes}"
    for variables in ({"DATABASE_URL": url}, {"PG_HOST": hosts, "PG_DATABASE": "several"}):
        done = run("db", "upgrade", **variables)
        assert done.returncode == 0, done.stderr
        assert done.stderr.startswith(f"database: postgresql {hosts}/several")
