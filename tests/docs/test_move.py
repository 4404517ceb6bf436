"""The data of an original server are moved by the commands of docs/migrating-from-ncanode.md."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from app.moving.findings import Kind
from tests.api.asking import rows
from tests.conftest import AppMaker
from tests.docs.conftest import MakeDatabase
from tests.docs.pages import README, blocks, commands, read, section
from tests.docs.shell import attempt, run
from tests.live.server import PROJECT
from tests.moving.server import TABLES, OriginalServer, connected
from tests.postgresql import PostgresServer
from tests.store.signings import IVANOV, signed_by

pytestmark = pytest.mark.slow

GUIDE = read("migrating-from-ncanode.md")
OURS, ITS, UPGRADE, MOVE, VERIFY = commands(GUIDE)
#: In Almaty 23:30, which came twice that day.
SAVED_AT = "2024-02-29 18:30:00"


@pytest.fixture(name="url")
def filled_original(make_database: MakeDatabase) -> str:
    """The address of the database of an original server that keeps a thread.

    Its sessions have other settings than usual, which the store's have too if it moves in there.
    """
    url = make_database()
    with connected(url) as cursor:
        cursor.execute(TABLES)
        name = conninfo_to_dict(url)["dbname"]
        for setting in ("timezone = 'Asia/Almaty'", "standard_conforming_strings = off"):
            cursor.execute(f"ALTER DATABASE {name} SET {setting}")
        versions = [(signed_by(IVANOV), SAVED_AT, None, None)] * 2
        OriginalServer(cursor, url).save("contract-1", "approval", versions, ["loan"])
    return url


def test_the_lines_set_what_is_read() -> None:
    assert OURS.startswith("export DATABASE_URL=postgresql://")
    assert ITS.startswith("export MOVE_FROM=postgresql://")


@pytest.mark.parametrize("kind", ["sqlite", "same", "other"])
def test_the_lines_move_into_each_kind_of_database(
    url: str, kind: str, make_database: MakeDatabase, start_app: AppMaker, tmp_path: Path
) -> None:
    target = {"sqlite": f"sqlite:///{tmp_path / 's.sqlite3'}", "same": url}.get(kind)
    target = target or make_database()
    variables = {"DATABASE_URL": target}
    if kind != "same":
        variables["MOVE_FROM"] = url
    for line in (UPGRADE, f"{MOVE} 2>&1 | grep 'the move is complete'", VERIFY):
        run(line, PROJECT, **variables)
    (row,) = rows(start_app(DATABASE_URL=target).test_client(), "tags=loan&with=signers")
    assert (row["version"], row["created_at"], row["document"]) == (2, SAVED_AT, "contract-1")
    assert len(row["signers"]) == 1


def test_the_exit_status_says_whether_all_came_over(url: str, tmp_path: Path) -> None:
    variables = {"DATABASE_URL": f"sqlite:///{tmp_path / 's.sqlite3'}", "MOVE_FROM": url}
    with connected(url) as cursor:
        cursor.execute("UPDATE ncanode_signature SET version = 1")
    run(UPGRADE, PROJECT, **variables)
    done = attempt(f"{MOVE} --json", PROJECT, **variables)
    assert done.returncode == 1
    assert done.stderr.endswith("the move is NOT complete\n")
    assert json.loads(done.stdout)["complete"] is False


def test_the_guide_names_each_list_of_the_report() -> None:
    table = [
        line.split("`")[1]
        for line in section(GUIDE, "What it lists").splitlines()
        if line.startswith("| `")
    ]
    assert sorted(table) == sorted(map(str, Kind))


def test_the_readme_points_there() -> None:
    assert "docs/migrating-from-ncanode.md" in read(README)
    assert len(blocks(GUIDE, "sh")) == 3


def test_the_tables_are_made_beside_the_originals_by_its_own_variables(url: str) -> None:
    parts = {name: str(part) for name, part in conninfo_to_dict(url).items()}
    variables = {
        "PG_HOST": parts["host"],
        "PG_PORT": parts["port"],
        "PG_DATABASE": parts["dbname"],
        "PG_USER": parts["user"],
        "PG_PASSWORD": "none is asked for",
    }
    for line in (UPGRADE, MOVE):
        run(line, PROJECT, **variables)
    with connected(url) as cursor:
        cursor.execute("SELECT count(*) FROM signatures, ncanode_signature")
        assert cursor.fetchone() == (1,)


def test_a_database_without_an_encoding_is_read_as_the_utf_8_that_the_original_sends(
    postgresql: PostgresServer, tmp_path: Path
) -> None:
    with connected(postgresql.url) as cursor:
        cursor.execute("CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0")
    url = postgresql.database_url("ascii")
    with connected(f"{url}?client_encoding=UTF8") as cursor:
        cursor.execute(TABLES)
        OriginalServer(cursor, url).save("шарт", "қол", [("MII", SAVED_AT, "Әлия", None)])
    variables = {"DATABASE_URL": f"sqlite:///{tmp_path / 's.sqlite3'}", "MOVE_FROM": url}
    for line in (UPGRADE, MOVE):
        run(line, PROJECT, **variables)
    with connected(url) as cursor:
        cursor.execute(
            "UPDATE ncanode_signature SET version_comment = convert_from('\\xc4e8', 'SQL_ASCII')"
        )
    done = attempt(MOVE, PROJECT, **variables)
    assert (done.returncode, "invalid byte sequence" in done.stderr) == (2, True), done.stderr
