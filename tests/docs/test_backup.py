"""Back up and restore with the databases' own tools, as in docs/operations.md: all is restored."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.docs.conftest import MakeDatabase, MakeServer
from tests.docs.pages import commands, read, section
from tests.docs.shell import run
from tests.live.client import Client, content, signature_number
from tests.live.server import Server

pytestmark = pytest.mark.slow

SECTION = section(read("operations.md"), "With the databases' own tools")
POSTGRESQL_BACKUP, POSTGRESQL_RESTORE, SQLITE_BACKUP = commands(SECTION)

Kept = dict[str, Any]


def fill(client: Client) -> None:
    """Save threads with versions and tags, and delete the newest one again."""
    for number in range(12):
        for seen in range(1 + number % 3):
            client.saved(
                f"{number}",
                cms=signature_number(number * 3 + seen),
                version=seen,
                tags=[f"тег {number % 4}", f"at {seen}"],
                stage=f"stage {seen}",
                version_comment="до копии",
                version_created_by="А. Тестова",
            )
    client.saved("gone")
    client.delete("gone")


def everything(client: Client) -> Kept:
    """Return all that the server keeps, each thread with all versions, and the lists of tags."""
    rows = client.listed()
    threads = {
        row["document"]: content(
            client.get("/signature/versions", document=row["document"], thread=row["thread"]),
            "versions",
        )
        for row in rows
    }
    tags = {f"тег {number}": client.listed(tags=f"тег {number}") for number in range(4)}
    return {"rows": rows, "threads": threads, "tags": tags}


def change(client: Client) -> None:
    """Do after the backup what a restore must undo: a new thread, a new version, a deletion."""
    client.saved("after the backup", tags=["тег 1"])
    client.saved("0", version=1, tags=["тег 2"])
    assert client.delete("5").status_code == 200


def assert_given_back(client: Client, kept: Kept, newest_id: int) -> None:
    assert everything(client) == kept
    assert client.read("after the backup").status_code == 404
    assert client.read("gone").status_code == 404
    assert client.saved("0", version=1)["version"] == 2
    assert client.saved("life goes on")["id"] > newest_id


def newest_id(kept: Kept) -> int:
    """Return the id of the deleted thread, which came after all others."""
    number: int = kept["rows"][0]["id"] + 1
    return number


@pytest.fixture(name="folder")
def project_folder(tmp_path: Path) -> Path:
    """A folder in which the store's file lies as it does in the project's."""
    (tmp_path / "var").mkdir()
    return tmp_path


def stop(server: Server) -> None:
    """Stop a server as an operator does."""
    server.tell_to_stop()
    server.wait_until_stopped()


def restore_sqlite(folder: Path, server: Server) -> None:
    """Follow the instructions of the page."""
    file = folder / "var" / "tanbahana.sqlite3"
    stop(server)
    for ending in ("-wal", "-shm"):
        file.with_name(file.name + ending).unlink(missing_ok=True)
    (folder / "backup.sqlite3").replace(file)
    server.migrate()  # as every start that the page describes does first
    server.start()


def test_what_is_to_be_done_to_restore_sqlite_is_said() -> None:
    words = " ".join(SECTION.split())
    assert re.search(
        r"To restore: stop the server, remove `var/tanbahana.sqlite3-wal` and `-shm`, "
        r"put the backup in the place of `var/tanbahana.sqlite3`, start again",
        words,
    )


def test_sqlite_is_given_back_as_it_was_when_the_backup_was_made(
    folder: Path, make_server: MakeServer
) -> None:
    server = make_server(f"sqlite:///{folder}/var/tanbahana.sqlite3").start()
    with Client(server.address) as client:
        fill(client)
        kept = everything(client)
        run(SQLITE_BACKUP, folder)
        change(client)
        assert everything(client) != kept

    restore_sqlite(folder, server)
    with Client(server.address) as client:
        assert_given_back(client, kept, newest_id(kept))


def test_sqlite_still_lets_readers_and_a_writer_work_together_after_a_restore(
    folder: Path, make_server: MakeServer
) -> None:
    server = make_server(f"sqlite:///{folder}/var/tanbahana.sqlite3").start()
    run(SQLITE_BACKUP, folder)
    restore_sqlite(folder, server)
    with closing(sqlite3.connect(folder / "var" / "tanbahana.sqlite3")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_killed_sqlite_server_is_restored_as_well(folder: Path, make_server: MakeServer) -> None:
    server = make_server(f"sqlite:///{folder}/var/tanbahana.sqlite3").start()
    with Client(server.address) as client:
        fill(client)
        kept = everything(client)
        run(SQLITE_BACKUP, folder)
        change(client)
    server.kill()
    assert (folder / "var" / "tanbahana.sqlite3-wal").stat().st_size > 0

    restore_sqlite(folder, server)
    with Client(server.address) as client:
        assert_given_back(client, kept, newest_id(kept))


def test_postgresql_is_given_back_as_it_was_when_the_backup_was_made(
    tmp_path: Path, make_database: MakeDatabase, make_server: MakeServer
) -> None:
    url = make_database()
    server = make_server(url).start()
    with Client(server.address) as client:
        fill(client)
        kept = everything(client)
        run(POSTGRESQL_BACKUP, tmp_path, DATABASE_URL=url)
        change(client)
        assert everything(client) != kept

        stop(server)
        run(POSTGRESQL_RESTORE, tmp_path, DATABASE_URL=url)
    server.start()
    with Client(server.address) as client:
        assert_given_back(client, kept, newest_id(kept))


def test_a_postgresql_backup_fills_an_empty_database_too(
    tmp_path: Path, make_database: MakeDatabase, make_server: MakeServer
) -> None:
    server = make_server(make_database()).start()
    with Client(server.address) as client:
        fill(client)
        kept = everything(client)
    run(POSTGRESQL_BACKUP, tmp_path, DATABASE_URL=server.environment["DATABASE_URL"])

    another = make_database()
    run(POSTGRESQL_RESTORE, tmp_path, DATABASE_URL=another)
    restored = make_server(another).start()
    with Client(restored.address) as client:
        assert_given_back(client, kept, newest_id(kept))
