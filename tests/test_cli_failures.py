"""What commands say of a database that can't be used: one line each, and never a traceback."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from flask import Flask
from sqlalchemy import text

from app.cli.running import needs, prepare
from app.store.migrations import HEAD
from tests import pki
from tests.conftest import AppMaker, opened, schema_on
from tests.live.server import PROJECT, environment
from tests.postgresql import free_port
from tests.test_cli import run, run_apart

#: Every command that uses the database; `file` stands for an existing file.
COMMANDS = [
    ("stats",),
    ("stats", "--json"),
    ("signers", "reindex"),
    ("signers", "reindex", "--all"),
    ("signers", "verify"),
    ("token", "create", "name", "--scope", "read"),
    ("token", "list"),
    ("token", "revoke", "name"),
    ("token", "rotate", "name"),
]
UPGRADE = ("db", "upgrade")


def fail(app: Flask, *arguments: str) -> str:
    """Run a command that fails; return the one line that says why."""
    status, output, said = run_apart(app, *arguments)
    assert status == 1
    first, second, *others = said.splitlines()
    printed = output.replace(f"{first}\n", "").replace(f"{second}\n", "")
    if "--json" in arguments:
        message = second.removeprefix("Error: ")
        assert json.loads(printed) == {"status": False, "message": message, "content": None}
    else:
        assert printed == ""
    assert first.startswith("database: ")
    assert second.startswith("Error: ")
    assert others == []
    assert "s3cret" not in said
    return second.removeprefix("Error: ")


def set_step(url: str, step: str) -> None:
    with opened(url) as engine, engine.connect() as connection:
        statement = text("UPDATE tanbahana_version SET version_num = :step")
        connection.execute(statement, {"step": step})


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_database_that_was_never_migrated(
    start_app: AppMaker, empty_url: str, command: tuple[str, ...]
) -> None:
    assert fail(start_app(DATABASE_URL=empty_url), *command) == (
        "the database was never migrated: run `flask --app wsgi db upgrade` first"
    )


def test_a_schema_that_is_not_there(start_app: AppMaker, postgres_url: str) -> None:
    app = start_app(DATABASE_URL=postgres_url, PG_SCHEMA="not_there")
    assert "never migrated" in fail(app, "stats")


@pytest.mark.parametrize("command", [*COMMANDS, UPGRADE], ids=" ".join)
def test_a_schema_that_is_newer_than_the_program(
    start_app: AppMaker, database_url: str, command: tuple[str, ...]
) -> None:
    app = start_app(DATABASE_URL=database_url)
    set_step(database_url, "9999")
    try:
        assert fail(app, *command) == (
            f"the database is at step 9999, which is newer than this program ({HEAD}): "
            "use the program that migrated it, or a newer one"
        )
    finally:
        set_step(database_url, HEAD)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_schema_that_is_older_than_the_program(
    start_app: AppMaker, sqlite_url: str, command: tuple[str, ...]
) -> None:
    set_step(sqlite_url, "0003")
    assert fail(start_app(DATABASE_URL=sqlite_url), *command) == (
        f"the database is at step 0003, and this program needs {HEAD}: "
        "run `flask --app wsgi db upgrade` first"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("verify", "--thread", "t", "--version", "9" * 20, "--document", "d"), "not in the range"),
        (("links", "revoke", "package", "--signer", "9" * 20), "not in the range"),
        (("content", "sweep", "--hours", "9" * 20), "not in the range"),
        (("verify", "--thread", "t", "--document", "\udcff"), "must be text in UTF-8"),
        (("move", "--from", "postgresql://\udcff@h/d"), "must be text in UTF-8"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_options_that_nothing_can_have_are_refused(
    start_app: AppMaker, database_url: str, arguments: tuple[str, ...], said: str
) -> None:
    status, output = run(start_app(DATABASE_URL=database_url), *arguments)
    assert (status, said in output) == (2, True)


@pytest.mark.parametrize("step", [None, "0005", "9999"])
def test_a_stored_signature_is_not_sought_in_another_schema(
    start_app: AppMaker, empty_url: str, step: str | None
) -> None:
    app = start_app(DATABASE_URL=empty_url)
    if step is not None:
        run(app, *UPGRADE)
        set_step(empty_url, step)
    status, output = run(app, "verify", "--document", "d", "--thread", "t")
    assert status == 2
    assert "never migrated" in output if step is None else f"is at step {step}" in output


@pytest.mark.parametrize("command", [*COMMANDS, UPGRADE], ids=" ".join)
@pytest.mark.parametrize("place", ["port", "folder", "damaged"])
def test_a_database_that_can_not_be_used(
    start_app: AppMaker, tmp_path: Path, place: str, command: tuple[str, ...]
) -> None:
    (tmp_path / "damaged").write_bytes(b"SQLite format 3\0" + b"\xa5" * 9000)
    address = {
        "port": f"postgresql://postgres:s3cret@127.0.0.1:{free_port()}/postgres",
        "folder": f"sqlite:///{tmp_path}",
        "damaged": f"sqlite:///{tmp_path}/damaged",
    }[place]
    app = start_app(DATABASE_URL=address, PG_WAIT="0")
    names = " that DATABASE_URL names" if place == "port" and command != ("db", "upgrade") else ""
    assert fail(app, *command).startswith(f"the database{names} can't be used: ")


def test_a_folder_that_can_not_be_made(start_app: AppMaker, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    app = start_app(DATABASE_URL=f"sqlite:///{tmp_path}/file/store.sqlite3")
    assert fail(app, *UPGRADE) == f"{tmp_path}/file can't be used: File exists"


#: Takes from root what lets it write where modes forbid it.
UNPRIVILEGED = [
    "setpriv",
    "--bounding-set=-dac_override,-dac_read_search",
    "--inh-caps=-dac_override,-dac_read_search",
]


@pytest.mark.slow
@pytest.mark.parametrize("command", [UPGRADE, ("stats",)], ids=" ".join)
def test_a_folder_that_can_not_be_written(tmp_path: Path, command: tuple[str, ...]) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    done = subprocess.run(
        [
            *(UNPRIVILEGED if os.geteuid() == 0 else []),
            *(sys.executable, "-m", "flask", "--app", "wsgi", *command),
        ],
        cwd=PROJECT,
        env=environment({"DATABASE_URL": f"sqlite:///{closed}/store.sqlite3"}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    named, why = done.stderr.splitlines()
    assert named == f"database: sqlite {closed}/store.sqlite3"
    assert why.startswith("Error: the database can't be used: ")


@pytest.mark.parametrize("command", [*COMMANDS, UPGRADE], ids=" ".join)
def test_every_command_says_on_stderr_which_database_it_uses(
    start_app: AppMaker, database_url: str, command: tuple[str, ...]
) -> None:
    app = start_app(DATABASE_URL=database_url)
    _, output, said = run_apart(app, *command)
    where = database_url.removeprefix("sqlite:///")
    if database_url.startswith("postgresql"):
        server, _, _ = database_url.partition("?")
        where = server.rpartition("@")[2]
    kind = database_url.partition(":")[0].partition("+")[0]
    assert said.splitlines()[0] == f"database: {kind} {where}"
    assert output.startswith(said.splitlines()[0])


def test_a_command_that_uses_no_database_names_none(start_app: AppMaker, tmp_path: Path) -> None:
    app = start_app(DATABASE_URL=f"sqlite:///{tmp_path}/not/there.sqlite3")
    file = tmp_path / "signature"
    file.write_bytes(pki.sign_cms())
    status, _, said = run_apart(app, "check", str(file))
    assert (status, said) == (0, "")


def test_the_schema_of_the_settings_is_named(start_app: AppMaker, postgres_url: str) -> None:
    with schema_on(postgres_url):
        app = start_app(DATABASE_URL=postgres_url, PG_SCHEMA="other")
        assert run_apart(app, "stats")[2].splitlines()[0].endswith(", schema other")


@pytest.mark.slow
def test_commands_start_in_any_folder(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", str(PROJECT / "wsgi"), "db", "upgrade"],
        cwd=tmp_path,
        env=environment({"DATABASE_URL": f"sqlite:///{tmp_path}/store.sqlite3"}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"database: sqlite {tmp_path}/store.sqlite3\n"


@pytest.mark.slow
def test_a_wrong_setting_is_no_answer_about_a_signature(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "verify", "--json", "/dev/null"],
        cwd=PROJECT,
        env=environment({"DATABASE_URL": f"sqlite:///{tmp_path}/s.sqlite3", "MAX_BODY_MB": "two"}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("MAX_BODY_MB must be ")
    assert len(done.stderr.splitlines()) == 1


@pytest.fixture(name="interruptible")
def let_children_be_interrupted() -> Iterator[None]:
    """Have children begin with the default for SIGINT, which a job in the background ignores."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.slow
@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("command", ["verify", "check"])
def test_who_stops_it_or_has_no_memory_for_it_gets_no_answer(tmp_path: Path, command: str) -> None:
    """Status 1 would be a no, which was not found."""
    pipe, large = tmp_path / "pipe", tmp_path / "large"
    os.mkfifo(pipe)
    large.touch()
    os.truncate(large, 8 << 30)
    for file, said in (
        (pipe, "Error: it was stopped"),
        (large, "Error: there is not enough memory"),
    ):
        started = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "wsgi", command, str(file)],
            cwd=PROJECT,
            env=environment({"DATABASE_URL": f"sqlite:///{tmp_path}/s.sqlite3"}),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        resource.prlimit(started.pid, resource.RLIMIT_AS, (4 << 30, 4 << 30))
        if file == pipe:
            writer = os.open(pipe, os.O_WRONLY)
            started.send_signal(signal.SIGINT)
        _, lines = started.communicate(timeout=60)
        assert (started.returncode, lines.splitlines()[-1]) == (2, said)
        assert "Traceback" not in lines
    os.close(writer)


def test_a_defect_is_no_answer_either(start_app: AppMaker) -> None:
    @click.command("judge")
    @needs("nothing", failure=2)
    def judge() -> None:
        raise ZeroDivisionError

    app = start_app()
    prepare(judge)
    app.cli.add_command(judge)
    assert run(app, "judge")[0] == 2


@pytest.mark.slow
@pytest.mark.parametrize(("command", "status"), [("verify", 2), ("check", 2)])
def test_who_stops_reading_gets_no_answer_that_is_wrong(
    tmp_path: Path, command: str, status: int
) -> None:
    """Status 1 would be a no, which was not found."""
    file = tmp_path / "signature"
    file.write_bytes(pki.sign_cms())
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", command, str(file)],
        cwd=PROJECT,
        env=environment({"DATABASE_URL": f"sqlite:///{tmp_path}/s.sqlite3"}),
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
        text=True,
        timeout=60,
    )
    os.close(writer)
    assert done.returncode == status
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
